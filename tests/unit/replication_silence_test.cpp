#include <catch2/catch.hpp>

#include "silence.h"

using namespace evenkeel::replication;
using std::nullopt;

namespace {

ChannelStatus channel_at(std::uint64_t heartbeats, const std::string& position, std::uint64_t space = 1000,
                         const std::string& relay_log = "relay.000002") {
  ChannelStatus channel;
  channel.io.state = ThreadState::running;
  channel.heartbeats_received = heartbeats;
  channel.heartbeat_period = 30;
  channel.read_position = position;
  channel.relay_log_space = space;
  channel.relay_log_file = relay_log;
  return channel;
}

HeardSample sample_at(std::uint64_t heartbeats, const std::string& position, double silence = 0) {
  HeardSample sample;
  sample.listening = true;
  sample.heartbeats = heartbeats;
  sample.position = position;
  sample.relay_log_space = 1000;
  sample.relay_log_file = "relay.000002";
  sample.silence = silence;
  return sample;
}

}  // namespace

TEST_CASE("counters against the last run: the silence that is certain") {
  struct Row {
    const char* what;
    HeardSample before;
    ChannelStatus now;
    double age;
    double silence;
    bool broken = false;
  };
  HeardSample stopped = sample_at(4, "p");
  stopped.listening = false;
  HeardSample started = sample_at(4, "p", 50);
  started.starts = 1;
  const auto row = GENERATE_COPY(values<Row>({
      {"nothing moved", sample_at(4, "p"), channel_at(4, "p"), 60, 60},
      {"nothing moved for a second run", sample_at(4, "p", 60), channel_at(4, "p"), 60, 120},
      {"the position moved", sample_at(4, "p", 60), channel_at(4, "q"), 60, 0, true},
      {"two heartbeats in 60 s", sample_at(4, "p"), channel_at(6, "p"), 60, 0},
      {"one heartbeat in 60 s", sample_at(4, "p"), channel_at(5, "p"), 60, 30},
      {"three heartbeats in 300 s", sample_at(4, "p", 50), channel_at(7, "p"), 300, 210},
      {"ten heartbeats in 300 s", sample_at(4, "p"), channel_at(14, "p"), 300, 0},
      {"the counter began anew", sample_at(4, "p"), channel_at(0, "p"), 60, 0, true},
      {"a new relay log", sample_at(4, "p"), channel_at(4, "p", 1000, "relay.000003"), 60, 0, true},
      {"a longer relay log", sample_at(4, "p"), channel_at(4, "p", 1200), 60, 0, true},
      {"relay logs were purged", sample_at(4, "p"), channel_at(4, "p", 500), 60, 60},
      {"replication was started in between, and looks the same", started, channel_at(4, "p"), 60, 0, true},
      {"the IO thread stood then", stopped, channel_at(4, "p"), 60, 0, true},
  }));
  CAPTURE(row.what);
  const Silence found = silence_since(row.before, sample_of(row.now, 0), 30, row.age);
  CHECK(found.certain == row.silence);
  CHECK(found.broken == row.broken);
}

TEST_CASE("a first run has no value, and never 0") {
  LastHeardByChannel heard;
  const auto samples = complete_last_heard({channel_at(4, "p")}, 0, {}, heard);
  CHECK_FALSE(heard[""].seconds);
  CHECK(heard[""].period == 30.0);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].heartbeats == 4);
  CHECK(samples[0].listening);
  CHECK(heard[""].unheard == Unheard::first_run);
}

TEST_CASE("silence adds up over runs through the kept text") {
  LastHeardByChannel heard;
  std::string kept = format_samples({complete_last_heard({channel_at(4, "p")}, 0, {}, heard), 0.25});
  double total = 0;
  for (int run = 0; run < 3; ++run) {
    heard.clear();
    const HeardSamples before = parse_samples(kept);
    CHECK(before.delay == 0.25);
    kept = format_samples({complete_last_heard({channel_at(4, "p")}, 0, {before, 20}, heard), 0.25});
    total += 20;
    CHECK(heard[""].seconds == total);
  }
}

TEST_CASE("a thread that does not run is not listened for") {
  LastHeardByChannel heard;
  heard["east"] = {12, 30, nullopt, {}};
  ChannelStatus channel = channel_at(4, "p");
  channel.name = "east";
  channel.io.state = ThreadState::connecting;
  const auto samples = complete_last_heard({channel}, 0, {}, heard);
  CHECK_FALSE(heard["east"].seconds);
  CHECK_FALSE(samples[0].listening);
}

TEST_CASE("the server's own value, and what the position says of it") {
  struct Row {
    const char* what;
    HeardSample before;
    ChannelStatus now;
    double age;
    double told;
    std::optional<double> seconds;
    Trust trust;
  };
  HeardSample deaf = sample_at(4, "log.1:10");
  deaf.listening = false;
  HeardSample blind = sample_at(4, "log.1:10", 20);
  blind.trust = Trust::unseen;
  HeardSample doubtful = sample_at(4, "log.1:10");
  doubtful.trust = Trust::doubted;
  const auto row = GENERATE_COPY(values<Row>({
      {"at rest", sample_at(4, "log.1:10"), channel_at(5, "log.1:10"), 60, 12, 12, Trust::told},
      {"frozen", sample_at(4, "log.1:10"), channel_at(4, "log.1:10"), 60, 70, 70, Trust::told},
      {"frozen after a transaction", sample_at(4, "log.1:10"), channel_at(4, "log.1:20"), 300, 100, 100,
       Trust::told},
      {"events that it does not count, as in a ring", sample_at(4, "log.1:10"), channel_at(4, "log.1:20"), 30,
       70, 0, Trust::unseen},
      {"the same, and the runs far apart", sample_at(4, "log.1:10"), channel_at(4, "log.1:20"), 300, 700,
       nullopt, Trust::unseen},
      {"a ring where the other writes as well", blind, channel_at(4, "log.1:20"), 300, 100, nullopt,
       Trust::unseen},
      {"a ring that froze", blind, channel_at(4, "log.1:10"), 60, 700, 80, Trust::unseen},
      {"a ring at rest", blind, channel_at(5, "log.1:10"), 60, 12, 12, Trust::told},
      {"the source was restarted, and the thread's age is in whole seconds", sample_at(4, "log.1:10"),
       channel_at(4, "log.2:4"), 40.3, 40, 0, Trust::told},
      {"the source was restarted", sample_at(4, "log.1:10"), channel_at(4, "log.2:4"), 40, 70, 0,
       Trust::doubted},
      {"the source was away at the last run", deaf, channel_at(4, "log.1:10"), 40, 70, 0, Trust::doubted},
      {"the source was restarted, its last heartbeat came after the last run", sample_at(4, "log.1:10"),
       channel_at(8, "log.2:4"), 300, 100, nullopt, Trust::doubted},
      {"and has not sent a heartbeat yet", doubtful, channel_at(4, "log.1:10"), 20, 120, 20, Trust::doubted},
      {"and has frozen since", doubtful, channel_at(4, "log.1:10"), 60, 160, 60, Trust::doubted},
      {"and has sent one", doubtful, channel_at(5, "log.1:10"), 60, 12, 12, Trust::told},
  }));
  CAPTURE(row.what);
  LastHeardByChannel heard;
  heard[""] = {row.told, 30, nullopt, {}};
  HeardSamples before;
  before.channels = {row.before};
  const auto samples = complete_last_heard({row.now}, 0, {before, row.age}, heard);
  CHECK(heard[""].seconds == row.seconds);
  CHECK(samples[0].trust == row.trust);
}

TEST_CASE("counters: no number where it may be wrong by minutes, and none longer than the connection") {
  struct Row {
    const char* what;
    const char* position;
    double age;
    std::optional<double> connected;
    std::optional<double> seconds;
  };
  const auto row = GENERATE(values<Row>({
      {"moved, and the runs are close", "q", 40, nullopt, 0},
      {"moved some time in five minutes", "q", 300, nullopt, nullopt},
      {"at rest, the server up for long", "p", 20, 5000, 20},
      {"the server came up in between", "p", 20, 3, 3},
  }));
  CAPTURE(row.what);
  LastHeardByChannel heard;
  heard[""].connected = row.connected;
  HeardSamples before;
  before.channels = {sample_at(4, "p")};
  complete_last_heard({channel_at(4, row.position)}, 0, {before, row.age}, heard);
  CHECK(heard[""].seconds == row.seconds);
  CHECK((heard[""].unheard == Unheard::heard_meanwhile) == !row.seconds);
}

TEST_CASE("an IO thread that waits for relay log space does not listen, and then begins anew") {
  ChannelStatus channel = channel_at(4, "p");
  channel.io.doing = "Waiting for the replica SQL thread to free relay log space";
  LastHeardByChannel heard;
  heard[""] = {500, 30, nullopt, {}};
  HeardSamples before{complete_last_heard({channel}, 0, {}, heard), 0};
  CHECK_FALSE(heard[""].seconds);
  CHECK(heard[""].unheard == Unheard::held_up);
  channel.io.doing.clear();
  heard[""] = {500, 30, nullopt, {}};
  complete_last_heard({channel}, 0, {before, 20}, heard);
  CHECK(heard[""].seconds == 0);
}

TEST_CASE("a channel's name with odd characters keeps its sample") {
  ChannelStatus channel = channel_at(4, "p");
  channel.name = "a\tb\nc";
  LastHeardByChannel heard;
  const auto before = parse_samples(format_samples({complete_last_heard({channel}, 0, {}, heard), 0}));
  heard.clear();
  complete_last_heard({channel}, 0, {before, 60}, heard);
  CHECK(heard[channel.name].seconds == 60);
}

TEST_CASE("a state file that holds anything else is no sample") {
  const auto text = GENERATE(values<std::string>({
      "",
      "garbage",
      "heard 1\t0\nrunning\t1\t1\t0\tp\tr\t\n",
      "heard 2\tx\nlistening\ttold\t1\t1\t1\t0\tp\tr\t\n",
      "heard 2\t0\nlistening\ttold\t1\t1\t1\t0\tp\tr\n",
      "heard 2\t0\nlistening\ttold\t-1\t1\t1\t0\tp\tr\t\n",
      "heard 2\t0\nlistening\ttold\t1e99\t1\t1\t0\tp\tr\t\n",
      "heard 2\t0\nlistening\ttold\t1\t1\t1\t-5\tp\tr\t\n",
      "heard 2\t0\nlistening\ttold\tnan\t1\t1\t0\tp\tr\t\n",
  }));
  CAPTURE(text);
  CHECK(parse_samples(text).channels.empty());
}

TEST_CASE("a state file that holds what it should") {
  const HeardSamples samples = parse_samples("heard 2\t0.5\nlistening\ttold\t1\t1\t1\t0\tp\tr\t\n");
  REQUIRE(samples.channels.size() == 1);
  CHECK(samples.delay == 0.5);
  CHECK(samples.channels[0].listening);
  CHECK(samples.channels[0].starts == 1);
}
