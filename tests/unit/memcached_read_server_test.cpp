#include <catch2/catch.hpp>
#include <map>
#include <utility>

#include "read_server.h"
#include "scratch_folder.h"

using namespace evenkeel;
using namespace evenkeel::cache;

namespace {

// A cache that does as it is told.
class CannedCache : public memcached::MemcachedClient {
 public:
  enum class Mode { works, refuses, loses, alters, loses_late, mixes_up };
  Mode mode = Mode::works;
  memcached::Stats answer{{"version", "1.6.18"}, {"uptime", "1000"}, {"get_hits", "0"}, {"get_misses", "0"},
                          {"cmd_get", "0"},      {"cmd_set", "0"},   {"evictions", "0"}};
  memcached::Stats items{{"items:12:evicted", "70"}, {"items:12:age", "38"}};
  std::vector<std::string> asked;
  std::map<std::string, std::string> values;
  enum class Trouble { none, refuses, hangs_up, nonsense, hangs, floods };
  Trouble trouble = Trouble::none;  // with all statistics
  std::string refused;              // the statistics that it does not tell
  std::string lost;                 // the statistics over which it closes the connection
  std::string hung;                 // those that it never answers
  std::string flooding;             // those that it answers without an end
  bool hangs = false;
  bool loses_connection = false;  // over the next get
  int seconds_to_live = 0;

  bool has_asked() const override { return true; }
  void set(const std::string& key, const std::string& value, int seconds) override {
    if (hangs) throw Error(Fault::timeout, "set on c1:11211: timed out");
    if (mode == Mode::refuses)
      throw memcached::Refusal(Fault::protocol, "set on c1:11211: SERVER_ERROR out of memory storing object");
    seconds_to_live = seconds;
    if (mode != Mode::loses) values[key] = mode == Mode::alters ? value + "x" : value;
  }
  std::optional<memcached::Item> get(const std::string& key) override {
    if (std::exchange(loses_connection, false))
      throw Error(Fault::unreachable, "get: the connection was lost");
    const auto it = values.find(key);
    if (it == values.end()) return std::nullopt;
    const std::string value = it->second;
    if (mode == Mode::loses_late) values.clear();
    return memcached::Item{value, mode != Mode::mixes_up};
  }
  bool remove(const std::string& key) override { return values.erase(key) > 0; }
  memcached::Stats stats(const std::string& what, IsWanted is_wanted) override {
    asked.push_back(what);
    if (trouble == Trouble::refuses) throw memcached::Refusal(Fault::protocol, "stats on c1: ERROR");
    if (trouble == Trouble::hangs_up) throw Error(Fault::unreachable, "stats on c1: the connection was lost");
    if (trouble == Trouble::nonsense) return {};
    if (trouble == Trouble::hangs) throw Error(Fault::timeout, "stats on c1: timed out");
    if (trouble == Trouble::floods) throw memcached::Flood(Fault::protocol, "stats on c1: too large");
    if (!refused.empty() && what == refused) throw memcached::Refusal(Fault::protocol, what + ": ERROR");
    if (!lost.empty() && what == lost) throw Error(Fault::unreachable, what + ": the connection was lost");
    if (!hung.empty() && what == hung) throw Error(Fault::timeout, what + ": timed out");
    if (!flooding.empty() && what == flooding) throw memcached::Flood(Fault::protocol, what + ": too large");
    memcached::Stats told = what == "items"      ? items
                            : what == "slabs"    ? memcached::Stats{{"12:chunk_size", "1184"}}
                            : what == "settings" ? memcached::Stats{{"maxbytes", "67108864"}}
                                                 : answer;
    std::erase_if(told, [&](const auto& stat) { return !is_wanted(stat.first); });
    return told;
  }
};

class Runs {
 public:
  Runs() { settings.min_age = 0; }
  ServerReading run(CannedCache& cache) {
    return read_server(cache, StateStore("check_memcached", folder_.path()), "c1:11211", settings);
  }
  Settings settings;

 private:
  ScratchFolder folder_;
};

}  // namespace

TEST_CASE("a round trip proves that the cache works, or says how it does not") {
  const std::pair<CannedCache::Mode, const char*> table[]{
      {CannedCache::Mode::works, ""},
      {CannedCache::Mode::refuses, "does not store a value: set on c1:11211: SERVER_ERROR out of memory"},
      {CannedCache::Mode::loses, "a value was gone right after it was stored"},
      {CannedCache::Mode::alters, "gives back another value than was stored"},
      {CannedCache::Mode::loses_late, "a value was gone before it was deleted"},
      {CannedCache::Mode::mixes_up, "gives back the value under another key"},
  };
  for (const auto& [mode, failure] : table) {
    INFO(failure);
    Runs runs;
    CannedCache cache;
    cache.mode = mode;
    const ServerReading reading = runs.run(cache);
    CHECK_THAT(reading.round_trip.failure, Catch::StartsWith(failure));
    CHECK(reading.round_trip.failure.empty() == (mode == CannedCache::Mode::works));
    CHECK(cache.values.empty());
    // Statistics come all the same.
    CHECK(reading.statistics.version == "1.6.18");
  }
}

TEST_CASE("nothing stays behind: the value is deleted, and would expire") {
  Runs runs;
  CannedCache cache;
  runs.run(cache);
  CHECK(cache.values.empty());
  CHECK(cache.seconds_to_live > 0);
  CHECK(cache.seconds_to_live <= 60);
}

TEST_CASE("a value whose connection was lost is deleted over another one") {
  Runs runs;
  CannedCache cache;
  cache.loses_connection = true;
  CHECK_THROWS_WITH(runs.run(cache), "get: the connection was lost");
  CHECK(cache.values.empty());
}

TEST_CASE("slab classes are asked for only where something was evicted") {
  Runs runs;
  CannedCache cache;
  runs.run(cache);
  CHECK(cache.asked == std::vector<std::string>{"", "settings"});
  cache.answer["evictions"] = "70";
  CHECK(runs.run(cache).classes.at(12).item_size == 1184);
}

TEST_CASE("rates are the difference to the last run, without this check's own") {
  Runs runs;
  CannedCache cache;
  CHECK_FALSE(runs.run(cache).growth);
  cache.answer["get_hits"] = "81";
  cache.answer["get_misses"] = "20";
  const ServerReading reading = runs.run(cache);
  REQUIRE(reading.growth);
  CHECK(reading.growth->of("get_hits") == 81.0);
  CHECK(reading.growth->own() == 1);
  // The next run counts from there.
  CHECK(runs.run(cache).growth->of("get_hits") == 0.0);
  runs.settings.round_trip = false;
  CHECK(runs.run(cache).growth->own() == 0);
}

TEST_CASE("runs of other services, and those of the same moment, leave a service its own time") {
  Runs runs;
  CannedCache cache;
  const auto hits_since_last_run = [&](const char* service, const char* hits) {
    runs.settings.service = service;
    cache.answer["get_hits"] = hits;
    const ServerReading reading = runs.run(cache);
    return reading.growth ? *reading.growth->of("get_hits") : -1;
  };
  hits_since_last_run("service", "100");
  CHECK(hits_since_last_run("other", "150") == 50);
  CHECK(hits_since_last_run("service", "170") == 70);
  CHECK(hits_since_last_run("other", "180") == 30);
  runs.settings.min_age = 3600;
  CHECK(hits_since_last_run("service", "190") == -1);
}

TEST_CASE("statistics that only explain are not needed") {
  for (const char* refused : {"settings", "items", "slabs"}) {
    INFO(refused);
    Runs runs;
    CannedCache cache;
    cache.answer["evictions"] = "70";
    cache.refused = refused;
    const ServerReading reading = runs.run(cache);
    CHECK(reading.statistics.version == "1.6.18");
    CHECK(reading.settings.empty() == (cache.refused == "settings"));
    CHECK(reading.classes.empty() == (cache.refused != "settings"));
  }
}

TEST_CASE("a connection that is lost over statistics that only explain costs nothing else") {
  for (const char* lost : {"settings", "items", "slabs"}) {
    INFO(lost);
    Runs runs;
    CannedCache cache;
    cache.answer["evictions"] = "70";
    cache.lost = lost;
    runs.run(cache);
    const ServerReading reading = runs.run(cache);
    CHECK(reading.statistics_problem.empty());
    CHECK(reading.growth);
    CHECK(reading.settings.empty() == (cache.lost == "settings"));
    CHECK(reading.classes.empty() == (cache.lost != "settings"));
  }
}

TEST_CASE("a server that hangs is named by what it did not answer") {
  for (const std::string hung : {"settings", "items", "slabs"}) {
    Runs runs;
    CannedCache cache;
    cache.answer["evictions"] = "70";
    cache.hung = hung;
    CHECK_THROWS_WITH(runs.run(cache), Catch::StartsWith(hung + ": timed out"));
  }
  // Whoever asks for the settings: what is shown of a server is no reason to call one in order that froze.
  for (const bool round_trip : {true, false}) {
    for (const bool floods : {false, true}) {
      CAPTURE(round_trip, floods);
      Runs runs;
      CannedCache cache;
      (floods ? cache.flooding : cache.hung) = "settings";
      runs.settings.round_trip = round_trip;
      runs.settings.server_settings = true;
      CHECK_THROWS_WITH(runs.run(cache),
                        Catch::StartsWith(floods ? "settings: too large" : "settings: timed out"));
      runs.settings.server_settings = false;
      CHECK(runs.run(cache).statistics_problem.empty());
    }
  }
}

TEST_CASE("missing statistics do not overrule a good round trip") {
  using Kind = CannedCache::Trouble;
  for (const Kind kind : {Kind::refuses, Kind::hangs_up, Kind::nonsense}) {
    Runs runs;
    CannedCache cache;
    runs.run(cache);
    cache.trouble = kind;
    const ServerReading reading = runs.run(cache);
    CHECK(reading.round_trip.failure.empty());
    CHECK_FALSE(reading.statistics_problem.empty());
    CHECK_FALSE(reading.growth);
    // The server has counted that round trip all the same.
    cache.trouble = Kind::none;
    CHECK(runs.run(cache).growth->own() == 2);
    cache.trouble = kind;
    runs.settings.round_trip = false;
    CHECK_THROWS_AS(runs.run(cache), Error);
    runs.settings.round_trip = true;
    cache.mode = CannedCache::Mode::refuses;
    CHECK_THROWS_WITH(runs.run(cache), Catch::StartsWith("does not store a value"));
  }
  for (const Kind kind : {Kind::hangs, Kind::floods}) {
    Runs runs;
    CannedCache cache;
    cache.trouble = kind;
    CHECK_THROWS_WITH(runs.run(cache), Catch::Contains("--no-statistics"));
    runs.settings.statistics = false;
    CHECK(runs.run(cache).round_trip.failure.empty());
  }
}

TEST_CASE("counters without an uptime tell no rate") {
  Runs runs;
  CannedCache cache;
  cache.answer.erase("uptime");
  runs.run(cache);
  CHECK_FALSE(runs.run(cache).growth);
  cache.answer["uptime"] = "1000";
  runs.run(cache);
  CHECK(runs.run(cache).growth);
}

TEST_CASE("what a run that failed stored is not counted as traffic") {
  Runs runs;
  CannedCache cache;
  runs.run(cache);
  cache.hangs = true;
  for (int run = 0; run < 3; ++run) CHECK_THROWS_AS(runs.run(cache), Error);
  cache.hangs = false;
  CHECK(runs.run(cache).growth->own() == 4);
}

TEST_CASE("what an empty class had evicted is kept, and not beyond a restart") {
  Runs runs;
  CannedCache cache;
  cache.answer["evictions"] = "5000";
  cache.items = {{"items:12:evicted", "5000"}};
  runs.run(cache);
  cache.items.clear();
  CHECK(runs.run(cache).since_last_run == Continuity::unbroken);
  cache.answer["evictions"] = "5007";
  cache.items = {{"items:12:evicted", "5000"}, {"items:7:evicted", "7"}};
  const ServerReading reading = runs.run(cache);
  CHECK(reading.since_last_run == Continuity::unbroken);
  CHECK(reading.growth->of("evicted:12") == 0.0);

  cache.answer["uptime"] = "3";
  cache.answer["evictions"] = "0";
  cache.items.clear();
  CHECK(runs.run(cache).since_last_run != Continuity::unbroken);
  cache.answer["evictions"] = "1";
  cache.items = {{"items:12:evicted", "1"}};
  CHECK(runs.run(cache).since_last_run == Continuity::unbroken);
}

TEST_CASE("a restart, and counters that were reset") {
  const struct {
    const char* what;
    const char* uptime;
    const char* hits;
    Continuity expected;
  } table[]{
      {"goes on", "1000", "100", Continuity::unbroken},
      {"younger than the time between", "3", "100", Continuity::restarted},
      {"younger than before, and there before", "42", "100", Continuity::another_server},
      {"older than it can be", "1060", "100", Continuity::another_server},
      {"stats reset", "1000", "3", Continuity::reset},
  };
  for (const auto& row : table) {
    INFO(row.what);
    Runs runs;
    CannedCache cache;
    cache.answer["get_hits"] = "50";
    runs.run(cache);
    cache.answer["uptime"] = row.uptime;
    cache.answer["get_hits"] = row.hits;
    const ServerReading reading = runs.run(cache);
    CHECK(reading.since_last_run == row.expected);
    CHECK(reading.growth.has_value() == (row.expected == Continuity::unbroken));
    // From then on it counts again.
    CHECK(runs.run(cache).growth);
  }
}
