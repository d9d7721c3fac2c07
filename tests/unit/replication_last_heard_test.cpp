#include <catch2/catch.hpp>

#include "fakes/canned_session.h"
#include "last_heard.h"

using namespace evenkeel::replication;
using fakes::one_row;
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
  sample.running = true;
  sample.heartbeats = heartbeats;
  sample.position = position;
  sample.relay_log_space = 1000;
  sample.relay_log_file = "relay.000002";
  sample.silence = silence;
  return sample;
}

}  // namespace

TEST_CASE("MySQL's own times: the later of heartbeat and transaction, since the IO thread started") {
  using Cell = evenkeel::mysql::Cell;
  const auto [heartbeat, queued, queueing, thread, silence] =
      GENERATE(table<Cell, Cell, Cell, Cell, std::optional<double>>({
          {"990.000000", "0.000000", "0.000000", "500", 10},
          {"0.000000", "995.500000", "0.000000", "500", 4.5},
          {"990.000000", "900.000000", "0.000000", "500", 10},
          {"900.000000", "990.000000", "0.000000", "500", 10},
          {"900.000000", "0.000000", "0.000000", "7", 7},  // the thread was started after that heartbeat
          {"0.000000", "0.000000", "0.000000", "12", 12},  // connected, and nothing since
          {"0.000000", "0.000000", "0.000000", nullopt, nullopt},
          {"990.000000", "0.000000", "999.000000", "500", nullopt},  // in the middle of a transaction
          {"1001.000000", "0.000000", "0.000000", "500", 0},         // a clock that was set back
          {nullopt, nullopt, nullopt, nullopt, nullopt},
      }));
  CAPTURE(heartbeat, queued, queueing, thread);
  const LastHeardByChannel heard = last_heard_from(one_row({{"CHANNEL_NAME", "east"},
                                                            {"HEARTBEAT_INTERVAL", "30.000"},
                                                            {"NOW_AT", "1000.000000"},
                                                            {"HEARTBEAT_AT", heartbeat},
                                                            {"QUEUED_AT", queued},
                                                            {"QUEUEING_AT", queueing},
                                                            {"THREAD_SECONDS", thread}}));
  REQUIRE(heard.contains("east"));
  CHECK(heard.at("east").seconds == silence);
  CHECK(heard.at("east").period == 30.0);
}

TEST_CASE("counters against the last run: the silence that is certain") {
  struct Row {
    const char* what;
    HeardSample before;
    ChannelStatus now;
    double age;
    double silence;
  };
  HeardSample stopped = sample_at(4, "p");
  stopped.running = false;
  const auto row = GENERATE_COPY(values<Row>({
      {"nothing moved", sample_at(4, "p"), channel_at(4, "p"), 60, 60},
      {"nothing moved for a second run", sample_at(4, "p", 60), channel_at(4, "p"), 60, 120},
      {"the position moved", sample_at(4, "p", 60), channel_at(4, "q"), 60, 0},
      {"two heartbeats in 60 s", sample_at(4, "p"), channel_at(6, "p"), 60, 0},
      {"one heartbeat in 60 s", sample_at(4, "p"), channel_at(5, "p"), 60, 30},
      {"three heartbeats in 300 s", sample_at(4, "p", 50), channel_at(7, "p"), 300, 210},
      {"ten heartbeats in 300 s", sample_at(4, "p"), channel_at(14, "p"), 300, 0},
      {"the counter began anew", sample_at(4, "p"), channel_at(0, "p"), 60, 0},
      {"a new relay log", sample_at(4, "p"), channel_at(4, "p", 1000, "relay.000003"), 60, 0},
      {"a longer relay log", sample_at(4, "p"), channel_at(4, "p", 1200), 60, 0},
      {"relay logs were purged", sample_at(4, "p"), channel_at(4, "p", 500), 60, 60},
      {"the IO thread stood then", stopped, channel_at(4, "p"), 60, 0},
  }));
  CAPTURE(row.what);
  CHECK(silence_since(row.before, row.now, row.age) == row.silence);
}

TEST_CASE("a first run has no value, and never 0") {
  LastHeardByChannel heard;
  const auto samples = complete_last_heard({channel_at(4, "p")}, nullopt, 0, heard);
  CHECK_FALSE(heard[""].seconds);
  CHECK(heard[""].period == 30.0);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].heartbeats == 4);
  CHECK(samples[0].running);
}

TEST_CASE("silence adds up over runs through the kept text") {
  LastHeardByChannel heard;
  std::string kept = format_samples(complete_last_heard({channel_at(4, "p")}, nullopt, 0, heard), 0.25);
  double total = 0;
  for (int run = 0; run < 3; ++run) {
    heard.clear();
    const HeardSamples before = parse_samples(kept);
    CHECK(before.delay == 0.25);
    kept = format_samples(complete_last_heard({channel_at(4, "p")}, before, 20, heard), 0.25);
    total += 20;
    CHECK(heard[""].seconds == total);
  }
}

TEST_CASE("a thread that does not run is not listened for") {
  LastHeardByChannel heard;
  heard["east"] = {12, 30};
  ChannelStatus channel = channel_at(4, "p");
  channel.name = "east";
  channel.io.state = ThreadState::connecting;
  const auto samples = complete_last_heard({channel}, nullopt, 0, heard);
  CHECK_FALSE(heard["east"].seconds);
  CHECK_FALSE(samples[0].running);
}

TEST_CASE("the server's own value stands") {
  LastHeardByChannel heard;
  heard[""] = {12, 30};
  HeardSamples before;
  before.channels = {sample_at(4, "p")};
  complete_last_heard({channel_at(4, "p")}, before, 1000, heard);
  CHECK(heard[""].seconds == 12);
}

TEST_CASE("a channel's name with odd characters keeps its sample") {
  ChannelStatus channel = channel_at(4, "p");
  channel.name = "a\tb\nc";
  LastHeardByChannel heard;
  const auto before = parse_samples(format_samples(complete_last_heard({channel}, nullopt, 0, heard), 0));
  heard.clear();
  complete_last_heard({channel}, before, 60, heard);
  CHECK(heard[channel.name].seconds == 60);
}

TEST_CASE("a state file that holds anything else is no sample") {
  const auto text = GENERATE(values<std::string>({
      "",
      "garbage",
      "heard 2\t0\nrunning\t1\t1\t0\tp\tr\t\n",
      "heard 1\tx\nrunning\t1\t1\t0\tp\tr\t\n",
      "heard 1\t0\nrunning\t1\t1\t0\tp\tr\n",
      "heard 1\t0\nrunning\t-1\t1\t0\tp\tr\t\n",
      "heard 1\t0\nrunning\t1e99\t1\t0\tp\tr\t\n",
      "heard 1\t0\nrunning\t1\t1\t-5\tp\tr\t\n",
      "heard 1\t0\nrunning\t1\tnan\t0\tp\tr\t\n",
  }));
  CAPTURE(text);
  CHECK(parse_samples(text).channels.empty());
}
