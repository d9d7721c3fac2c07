#include <catch2/catch.hpp>

#include "evenkeel/error.h"
#include "evenkeel/render.h"
#include "judge.h"
#include "options.h"
#include "same_settings.h"

using namespace evenkeel;
using namespace evenkeel::cache;

namespace {

using Counters = std::map<std::string, std::uint64_t, std::less<>>;

CounterSample sample(double at, Counters counters, std::uint64_t own = 0) {
  CounterSample result;
  result.taken = Deadline::Clock::time_point() +
                 std::chrono::duration_cast<Deadline::Clock::duration>(std::chrono::duration<double>(at));
  result.counters = std::move(counters);
  result.own = own;
  return result;
}

// Ten seconds after the last run, this much more.
ServerReading grown(Counters counters, std::uint64_t own = 1) {
  Counters zero;
  for (const auto& counter : counters) zero[counter.first] = 0;
  ServerReading reading;
  reading.round_trip.seconds = 0.0004;
  reading.statistics.version = "1.6.18";
  reading.statistics.uptime = 4242;
  reading.statistics.max_bytes = 64u << 20;
  reading.statistics.counters = counters;
  reading.growth.emplace(sample(0, zero, own), sample(10, std::move(counters)));
  return reading;
}

ServerReading failing(const char* failure, Counters counters = {}) {
  ServerReading reading = grown(std::move(counters));
  reading.round_trip.failure = failure;
  return reading;
}

ServerReading evicting() {
  ServerReading reading = grown({{"evictions", 410}, {"evicted:3", 10}, {"evicted:11", 400}});
  reading.classes[3] = {192, 10, 9000};
  reading.classes[11] = {1184, 4000, 38};
  return reading;
}

ServerReading with_version(const char* version, std::uint64_t max_bytes = 64u << 20) {
  ServerReading reading = grown({});
  reading.statistics.version = version;
  reading.statistics.max_bytes = max_bytes;
  return reading;
}

Target target(const char* name, ServerReading reading) { return {name, {std::move(reading), {}, {}}}; }

std::string line(const std::vector<Target>& targets, const std::vector<std::string>& warning = {},
                 Settings settings = {}, const std::vector<std::string>& critical = {}) {
  Limits limits(description().labels);
  limits.apply(Limits::Level::critical, "-c", critical);
  limits.apply(Limits::Level::warning, "-w", warning);
  const std::string text =
      render_text("check_memcached", judge(targets, settings, limits, Status::critical), {});
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("line 1 of one cache") {
  ServerReading restarted = grown({});
  restarted.growth.reset();
  restarted.since_last_run = Continuity::restarted;
  ServerReading full = grown({{"rejected_connections", 7}});
  full.statistics.max_connections = 1024;
  ServerReading closed = grown({});
  closed.statistics.max_connections = 1024;
  closed.statistics.accepting = 0;
  ServerReading closed_at_limit = closed;
  closed_at_limit.statistics.connections = 1018;
  closed_at_limit.statistics.reserved_descriptors = 5;
  ServerReading closed_below_limit = closed_at_limit;
  closed_below_limit.statistics.connections = 700;
  ServerReading closed_without_limit = closed_at_limit;
  closed_without_limit.statistics.max_connections.reset();
  restarted.statistics.uptime = 42;
  ServerReading young = grown({});
  young.statistics.uptime = 42;
  ServerReading another = grown({});
  another.growth.reset();
  another.since_last_run = Continuity::another_server;
  ServerReading a_proxy;
  a_proxy.round_trip.seconds = 0.0004;
  a_proxy.statistics_problem = "stats on c1: ERROR";
  ServerReading of_1_5_22 = grown({{"rejected_connections", 33}, {"total_connections", 33}});
  of_1_5_22.statistics.counters = {{"rejected_connections", 865}, {"total_connections", 867}};
  of_1_5_22.statistics.version = "1.5.22";
  ServerReading of_1_5_22_full = grown({{"rejected_connections", 50}, {"total_connections", 33}});
  of_1_5_22_full.statistics.counters = {{"rejected_connections", 882}, {"total_connections", 867}};
  of_1_5_22_full.statistics.version = "1.5.22";
  ServerReading large = grown({{"evictions", 410}, {"evicted:39", 410}});
  large.classes[39] = {524288, 410, 38, true};
  const struct {
    Target given;
    std::vector<std::string> warning;
    const char* expected;
    std::vector<std::string> critical = {};
  } table[]{
      {target("c1", grown({})), {}, "OK - c1: stored and fetched in 0.4 ms | response_time=0.0004s;;;0"},
      {target("c1", young), {}, "OK - c1: stored and fetched in 0.4 ms; up 42 s | response_time"},
      {target("c1", another),
       {},
       "OK - c1: stored and fetched in 0.4 ms; several servers answer at this address: no rates |"},
      {target("c1", a_proxy),
       {},
       "OK - c1: stored and fetched in 0.4 ms; no statistics: stats on c1: ERROR | response_time"},
      {target("c1", of_1_5_22), {}, "OK - c1: stored and fetched in 0.4 ms |"},
      {target("c1", of_1_5_22_full), {}, "WARNING - c1: reached its limit connections 17 times"},
      {target("c1", large),
       {},
       "OK - c1: stored and fetched in 0.4 ms, evicting 41/s from items of about 524288 bytes and more "
       "(class 39)"},
      {target("c1", grown({{"get_hits", 191}, {"get_misses", 10}})),
       {},
       "OK - c1: stored and fetched in 0.4 ms, hit ratio 95 %"},
      {target("c1", grown({{"get_hits", 191}, {"get_misses", 10}})),
       {"hit_ratio=99:"},
       "WARNING - c1: hit ratio 95 % (warning: below 99)"},
      {target("c1", grown({})), {"0.0001"}, "WARNING - c1: answered in 0.4 ms (warning: above 0.0001)"},
      {target("c1", failing("a value was gone right after it was stored")),
       {},
       "CRITICAL - c1: a value was gone"},
      {target("c1", evicting()),
       {},
       "OK - c1: stored and fetched in 0.4 ms, evicting 41/s from 1184-byte items (class 11), oldest lived "
       "38 s |"},
      {target("c1", evicting()),
       {"evictions_per_second=10"},
       "WARNING - c1: evicting 41/s from 1184-byte items (class 11), oldest lived 38 s (warning: above 10)"},
      {target("c1", restarted), {}, "OK - c1: stored and fetched in 0.4 ms; restarted 42 s ago; up 42 s |"},
      {target("c1", restarted),
       {"uptime=600:"},
       "WARNING - c1: uptime 42 s (warning: below 600); restarted 42 s ago; up 42 s |"},
      {target("c1", full),
       {},
       "WARNING - c1: reached its limit of 1024 connections 7 times since the last run"},
      {target("c1", grown({{"store_no_memory", 2115}})),
       {},
       "CRITICAL - c1: refused 2115 values for want of memory since the last run (critical: above 0) | "
       "response_time=0.0004s;;;0 refused_per_second=211.5;;0;0"},
      {target("c1", grown({{"store_no_memory", 2115}})), {}, "OK - c1: stored", {"refused_per_second=300"}},
      {target("c1", failing("does not store a value: out of memory", {{"store_no_memory", 5}})),
       {},
       "CRITICAL - c1: does not store a value: out of memory | response_time=0.0004s;;;0 "
       "refused_per_second=0.5"},
      {target("c1", closed), {}, "WARNING - c1: accepts no connections for now |"},
      {target("c1", closed_below_limit), {}, "WARNING - c1: accepts no connections for now |"},
      {target("c1", closed_without_limit), {}, "WARNING - c1: accepts no connections for now |"},
      {target("c1", closed_at_limit),
       {},
       "WARNING - c1: accepts no connections: the limit of 1024 is reached |"},
      {{"c1", {{}, Error(Fault::unreachable, "connecting to c1:11211: connection refused"), {}}},
       {},
       "CRITICAL - c1: connecting to c1:11211: connection refused"},
  };
  for (const auto& row : table) {
    INFO(row.expected);
    CHECK_THAT(line({row.given}, row.warning, {}, row.critical),
               Catch::StartsWith(std::string("MEMCACHED ") + row.expected));
  }
}

TEST_CASE("a hit ratio has a value only where there were gets") {
  const struct {
    std::uint64_t hits, misses, own;
    double min_gets;
    std::optional<double> expected;
  } table[]{
      {76, 25, 1, 100, 75.0}, {75, 25, 1, 100, {}},    {1, 0, 1, 0, {}},      {0, 1, 1, 0, 0.0},
      {99, 0, 0, 100, {}},    {100, 0, 0, 100, 100.0}, {0, 100, 0, 100, 0.0},
  };
  for (const auto& row : table) {
    INFO(row.hits << " hits, " << row.misses << " misses");
    const ServerReading reading = grown({{"get_hits", row.hits}, {"get_misses", row.misses}}, row.own);
    CHECK(hit_ratio(reading, row.min_gets) == row.expected);
  }
  ServerReading first_run = grown({});
  first_run.growth.reset();
  CHECK_FALSE(hit_ratio(first_run, 0));
}

TEST_CASE("without a value there is no verdict and no perfdata") {
  const std::string text =
      line({target("c1", grown({{"get_hits", 50}, {"get_misses", 1}}))}, {"hit_ratio=99:"});
  CHECK_THAT(text, Catch::StartsWith("MEMCACHED OK") && !Catch::Contains("hit_ratio"));
}

TEST_CASE("whatever parts two samples has its words, with a threshold for a rate and without") {
  for (const Continuity parted :
       {Continuity::another_server, Continuity::standing_still, Continuity::out_of_step}) {
    ServerReading reading = grown({});
    reading.growth.reset();
    reading.since_last_run = parted;
    INFO(static_cast<int>(parted));
    CHECK_THAT(line({target("c1", reading)}, {}),
               Catch::StartsWith("MEMCACHED OK") && Catch::Contains(": no rates |"));
    CHECK_THAT(line({target("c1", reading)}, {"gets_per_second=9"}),
               Catch::StartsWith("MEMCACHED UNKNOWN - c1: no value for gets_per_second: "));
  }
}

TEST_CASE("a threshold that no run can judge is no OK") {
  ServerReading first = grown({{"get_hits", 2}, {"get_misses", 1}});
  first.growth.reset();
  ServerReading silent = grown({});
  silent.growth.reset();
  ServerReading unkept = first;
  unkept.keeps_state = false;
  ServerReading late = first;
  late.last_run_too_old = 7200;
  ServerReading another = first;
  another.since_last_run = Continuity::another_server;
  ServerReading timeless = first;
  timeless.statistics.uptime.reset();
  ServerReading wrapped = grown({});
  wrapped.statistics.odd = {{"bytes", "18446744073709551515"}, {"curr_items", "-1"}};
  ServerReading unlimited = grown({});
  unlimited.statistics.bytes = 7;
  unlimited.statistics.max_bytes = 0;
  ServerReading a_proxy;
  a_proxy.statistics_problem = "stats on c1: ERROR";
  const struct {
    const char* what;
    ServerReading reading;
    const char* warning;
    const char* expected;
  } table[]{
      {"several servers", another,
       "hit_ratio=80:", "UNKNOWN - c1: no value for hit_ratio: several servers answer at this address |"},
      {"several servers, no threshold for a rate", another, "1", "OK - c1: stored"},
      {"no uptime", timeless, "gets_per_second=80",
       "UNKNOWN - c1: no value for gets_per_second: this server tells no uptime"},
      {"a wrapped gauge", wrapped, "memory_used=80",
       "UNKNOWN - c1: no value for memory_used: its bytes 18446744073709551515 cannot be |"},
      {"no limit of memory", unlimited, "memory_used=80",
       "UNKNOWN - c1: no value for memory_used: its limit_maxbytes is 0 |"},
      {"a wrapped gauge, no threshold for it", wrapped, "1", "OK - c1: stored"},
      {"a proxy", a_proxy, "items=80",
       "UNKNOWN - c1: no value for items: stats on c1: ERROR | response_time"},
      {"a proxy, and the question of the one value", a_proxy, "refused_per_second=80",
       "UNKNOWN - c1: no value for refused_per_second: stats on c1: ERROR"},
      {"a proxy, no threshold", a_proxy, "1", "OK - c1: stored"},
      {"first run", first, "hit_ratio=80:", "OK - c1: stored"},
      {"first run of one that counts no gets", silent,
       "hit_ratio=80:", "UNKNOWN - c1: no value for hit_ratio: this server does not tell get_hits"},
      {"--no-state, no question", unkept, "items=80",
       "UNKNOWN - c1: no value for items: this server does not tell curr_items |"},
      {"--no-state", unkept,
       "hit_ratio=80:", "UNKNOWN - c1: no value for hit_ratio: the counters of the last run are not kept"},
      {"--no-state, for it alone", unkept, "evictions_per_second@c1=1",
       "UNKNOWN - c1: no value for evictions_per_second: the counters of the last run are not kept"},
      {"--no-state, no threshold for a rate", unkept, "1", "OK - c1: stored"},
      {"the last run is too old to compare with", late, "evictions_per_second=1",
       "UNKNOWN - c1: no value for evictions_per_second: the last run was 7200 s (2 h) ago, longer than "
       "--max-age"},
      {"the same, no threshold for a rate", late, "1", "OK - c1: stored"},
      {"too few gets", grown({{"get_hits", 2}, {"get_misses", 1}}), "hit_ratio=80:", "OK - c1: stored"},
      {"an old server", grown({}), "evicted_unfetched_per_second=1",
       "UNKNOWN - c1: no value for evicted_unfetched_per_second: this server does not tell "
       "evicted_unfetched |"},
      {"an old server", grown({}), "connections_used=80",
       "UNKNOWN - c1: no value for connections_used: this server does not tell "
       "curr_connections |"},
  };
  for (const auto& row : table) {
    INFO(row.what);
    CHECK_THAT(line({target("c1", row.reading)}, {row.warning}),
               Catch::StartsWith(std::string("MEMCACHED ") + row.expected));
  }
}

// Whatever is missing or odd, and whatever else is: the one reason that holds for this label.
TEST_CASE("a value that is missing has one reason") {
  const std::string name =
      GENERATE("get_hits", "get_misses", "evictions", "bytes", "limit_maxbytes", "curr_connections",
               "max_connections", "store_no_memory", "cmd_get", "cmd_set", "curr_items", "uptime",
               "expired_unfetched", "evicted_unfetched", "threads", "listen_disabled_num", "accepting_conns");
  const std::string value = GENERATE("", "-1", "18446744073709551615", "many", "1e3", "0");
  memcached::Stats stats{{"version", "1.6.18"}, {"rejected_connections", "-1"}, {"total_connections", "x"}};
  for (const char* const told :
       {"get_hits", "get_misses", "evictions", "bytes", "limit_maxbytes", "curr_connections",
        "max_connections", "store_no_memory", "cmd_get", "cmd_set", "curr_items", "uptime",
        "expired_unfetched", "evicted_unfetched", "threads", "listen_disabled_num", "accepting_conns"})
    stats[told] = "1";
  if (value.empty())
    stats.erase(name);
  else
    stats[name] = value;
  ServerReading reading;
  reading.statistics = read_statistics(stats);
  reading.growth.emplace(sample(0, reading.statistics.counters), sample(10, reading.statistics.counters));
  for (const LabelSpec& label : description().labels) {
    const std::string said = line({target("c1", reading)}, {label.name + "=5"});
    CAPTURE(name, value, label.name, said);
    const std::size_t reason = said.find("no value for ");
    if (reason == std::string::npos) continue;
    CHECK_THAT(said, Catch::StartsWith("MEMCACHED UNKNOWN - c1: no value for " + label.name + ": "));
    CHECK(said.find("no value for ", reason + 1) == std::string::npos);
    const std::string expected = value.empty()  ? "this server does not tell " + name
                                 : value == "0" ? "its " + name + " is 0"
                                                : "its " + name + " " + value + " cannot be";
    CHECK_THAT(said, Catch::Contains(": " + expected));
    CHECK_THAT(said, !Catch::Contains("rejected_connections") && !Catch::Contains("total_connections"));
    if (!value.empty()) CHECK_THAT(said, !Catch::Contains("does not tell"));
  }
}

TEST_CASE("what --no-statistics leaves out has no threshold") {
  Settings settings;
  settings.statistics = false;
  ServerReading reading;
  CHECK_THAT(line({target("c1", reading)}, {"1"}, settings), Catch::StartsWith("MEMCACHED OK - c1: stored"));
  CHECK_THAT(line({target("c1", reading)}, {"uptime=600:"}, settings),
             Catch::StartsWith("MEMCACHED UNKNOWN - c1: no value for uptime: --no-statistics leaves it out"));
}

TEST_CASE("a share above its limit is told as it is") {
  ServerReading reading = grown({});
  reading.statistics.bytes = 96u << 20;
  CHECK_THAT(line({target("c1", reading)}), Catch::Contains("memory_used=150%;;;0 "));
}

TEST_CASE("of many caches that are young, some are named") {
  std::vector<Target> pool;
  for (const char* name : {"c1", "c2", "c3", "c4", "c5"}) {
    pool.push_back(target(name, grown({})));
    pool.back().outcome.reading->statistics.uptime = 42;
  }
  CHECK_THAT(line(pool), Catch::Contains("c3: up 42 s; 2 more are up for less than 600 s (10 min)"));
}

TEST_CASE("rejected connections mean the limit, or nothing") {
  const struct {
    const char* what;
    const char* version;
    std::uint64_t rejected, all, rejected_ever, all_ever, most, limit;
    bool warns;
  } table[]{
      {"1.5.22", "1.5.22", 33, 33, 865, 867, 69, 1024, false},
      {"1.5.22, one under way", "1.5.22", 34, 33, 866, 867, 69, 1024, false},
      {"1.5.22, once near its limit", "1.5.22", 33, 33, 865, 867, 1000, 1024, false},
      {"1.5.22 at its limit", "1.5.22", 83, 33, 915, 867, 1000, 1024, true},
      {"another with the fault", "1.5.21-patched", 33, 33, 865, 867, 69, 1024, false},
      {"as many rejected as accepted", "1.6.18", 42, 39, 42, 41, 39, 50, true},
      {"as many, exactly", "1.6.18", 39, 39, 39, 41, 39, 50, true},
      {"some of many", "1.6.18", 5, 3000, 5, 99999, 1000, 1024, true},
      {"many after few", "1.6.18", 500, 3, 500, 1030, 1020, 1024, true},
      {"none", "1.6.18", 0, 3000, 5, 99999, 1000, 1024, false},
  };
  for (const auto& row : table) {
    INFO(row.what);
    ServerReading reading = grown({{"rejected_connections", row.rejected}, {"total_connections", row.all}});
    reading.statistics.version = row.version;
    reading.statistics.counters = {{"rejected_connections", row.rejected_ever},
                                   {"total_connections", row.all_ever}};
    reading.statistics.most_connections = row.most;
    reading.statistics.max_connections = row.limit;
    CHECK_THAT(line({target("c1", reading)}),
               Catch::StartsWith(row.warns ? "MEMCACHED WARNING - c1: reached its limit" : "MEMCACHED OK"));
  }
}

TEST_CASE("shares and rates") {
  ServerReading reading =
      grown({{"cmd_get", 21}, {"cmd_set", 11}, {"evictions", 5}, {"expired_unfetched", 20}});
  reading.statistics.bytes = 16u << 20;
  reading.statistics.connections = 10;
  reading.statistics.max_connections = 1000;
  const std::string text = line({target("c1", reading)});
  for (const char* item :
       {"gets_per_second=2;", "sets_per_second=1;", "evictions_per_second=0.5;", "memory_used=25%;;;0;100",
        "connections_used=1%;;;0;100", "expired_unfetched_per_second=2;", "uptime=4242s"})
    CHECK_THAT(text, Catch::Contains(item));
}

TEST_CASE("several caches: the worst decides, and a pool is alike") {
  const std::vector<Target> pool{
      target("c1", with_version("1.6.18")),
      target("c2", with_version("1.6.9")),
      target("c3", with_version("1.6.18", 128u << 20)),
      {"c4", {{}, Error(Fault::timeout, "connecting to c4:11211: timed out"), {}}}};
  CHECK_THAT(line({pool[0], pool[0]}),
             Catch::StartsWith("MEMCACHED OK - 2 caches work, the slowest answered in 0.4 ms"));
  CHECK_THAT(line(pool),
             Catch::StartsWith("MEMCACHED CRITICAL - c4: connecting") && !Catch::Contains("version"));
  Settings settings;
  settings.same_settings = true;
  CHECK_THAT(line(pool, {}, settings),
             Catch::Contains("c2: version 1.6.9, where the pool has 1.6.18") &&
                 Catch::Contains("c3: memory limit 128 MiB, where the pool has 64 MiB"));
  CHECK(differences({pool[0], pool[0], pool[3]}).empty());
  // One that tells nothing is no vote, and no silent miss.
  const std::vector<Target> with_a_proxy{target("p", ServerReading{}), target("q", ServerReading{}), pool[0]};
  CHECK(differences(with_a_proxy).empty());
  CHECK_THAT(line(with_a_proxy, {}, settings),
             Catch::StartsWith("MEMCACHED UNKNOWN - p: --same-settings needs its version and memory limit"));
}

TEST_CASE("what --no-statistics leaves to ask") {
  const auto settings = [](const std::vector<std::string>& words) {
    return settings_from(Options::parse(description().options, words));
  };
  CHECK_FALSE(settings({"--no-statistics"}).statistics);
  for (const char* other : {"--no-round-trip", "--same-settings"})
    CHECK_THROWS_WITH(settings({"--no-statistics", other}), Catch::Contains("exclude each other"));
}

TEST_CASE("options of a cache") {
  const auto servers = [](const std::vector<std::string>& words) {
    return servers_from(Options::parse(description().options, words));
  };
  CHECK(servers({}).front().where() == "localhost:11211");
  CHECK(servers({"-H", "c1,c2:7", "-p", "5"})[1].where() == "c2:7");
  CHECK(servers({"-H", "c1,c2:7", "-p", "5"})[0].where() == "c1:5");
  CHECK(servers({"-H", "::1"}).front().where() == "[::1]:11211");
  CHECK(servers({"-s", "/run/m"}).front().where() == "/run/m");
  CHECK_THROWS_WITH(servers({"-s", "/run/m", "-H", "c1"}), Catch::Contains("exclude each other"));
  CHECK_THROWS_WITH(servers({"-s", std::string(200, 'x')}), Catch::Contains("--socket"));
}
