#include <catch2/catch.hpp>

#include "evenkeel/error.h"
#include "fixtures.h"
#include "server_statistics.h"

using namespace evenkeel;
using namespace evenkeel::cache;

namespace {

// "STAT name value" lines as the library gives them: the value ends at a blank.
memcached::Stats stats_of(const std::string& name) {
  memcached::Stats stats;
  std::string text = fixture("memcached/" + name);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin + 5, end - begin - 5);
    const std::size_t blank = line.find(' ');
    const std::string value = line.substr(blank + 1);
    stats[line.substr(0, blank)] = value.substr(0, value.find(' '));
    begin = end + 1;
  }
  return stats;
}

}  // namespace

TEST_CASE("what a real server says") {
  const ServerStatistics statistics = read_statistics(stats_of("1.6.18_stats_evicting"));
  CHECK(statistics.version == "1.6.18");
  CHECK(statistics.items == std::uint64_t{1770});
  CHECK(statistics.max_bytes == std::uint64_t{2097152});
  CHECK(statistics.threads == std::uint64_t{2});
  CHECK(statistics.max_connections == std::uint64_t{1024});
  CHECK(statistics.accepting == std::uint64_t{1});
  CHECK(statistics.counter("evictions") == 6230);
  CHECK(statistics.counter("get_hits") == 200);
  CHECK(statistics.counter("get_misses") == 50);
  CHECK(statistics.counter("nothing") == 0);

  const SlabClasses classes =
      read_slab_classes(stats_of("1.6.18_stats_items_evicting"), stats_of("1.6.18_stats_slabs_evicting"),
                        {{"slab_chunk_max", "524288"}});
  REQUIRE(classes.count(12) == 1);
  CHECK(classes.at(12).item_size == 1184);
  CHECK(classes.at(12).evicted == 6230);
  CHECK_FALSE(classes.at(12).holds_larger);
  const SlabClasses of_large_items = read_slab_classes(
      {}, {{"39:chunk_size", "524288"}, {"38:chunk_size", "367192"}}, {{"slab_chunk_max", "524288"}});
  CHECK(of_large_items.at(39).holds_larger);
  CHECK_FALSE(of_large_items.at(38).holds_larger);
}

TEST_CASE("what an old version does not have is nothing") {
  const ServerStatistics statistics = read_statistics({{"version", "1.2.6"}, {"curr_items", "0"}});
  CHECK(statistics.items == std::uint64_t{0});
  CHECK_FALSE(statistics.max_connections);
  CHECK_FALSE(statistics.uptime);
  CHECK(statistics.counters.empty());
}

TEST_CASE("nonsense has no value, whatever else is told") {
  CHECK_FALSE(read_statistics({}).tells_of_itself());
  CHECK_FALSE(read_statistics({{"uptime", "x"}}).tells_of_itself());
  CHECK(read_slab_classes(
            {{"items:x:evicted", "1"}, {"items:999:evicted", "1"}, {"items:5:evicted", "x"}, {"items:", ""}},
            {{"active_slabs", "1"}, {":", "1"}}, {{"slab_chunk_max", "x"}})
            .empty());
}

// Every gauge and counter in turn: what cannot be is left out, named, and takes nothing from the others.
TEST_CASE("a gauge or counter that cannot be has no value") {
  memcached::Stats sound{{"version", "1.6.18"}, {"uptime", "5"}};
  for (const char* name :
       {"curr_items", "bytes", "limit_maxbytes", "curr_connections", "max_connections", "threads",
        "listen_disabled_num", "cmd_get", "get_hits", "get_misses", "cmd_set", "evictions",
        "expired_unfetched", "evicted_unfetched", "rejected_connections", "store_no_memory"})
    sound[name] = "1";
  const auto values = [](const ServerStatistics& statistics) {
    std::size_t count = statistics.counters.size();
    for (const auto& gauge :
         {statistics.items, statistics.bytes, statistics.max_bytes, statistics.connections,
          statistics.max_connections, statistics.threads, statistics.listen_disabled})
      count += gauge.has_value();
    return count;
  };
  const std::size_t all = values(read_statistics(sound));
  for (const auto& [name, value] : sound)
    for (const char* odd : {"-1", "x", "18446744073709551615", "18446744073709551515", "9223372036854775808",
                            "99999999999999999999999", "1.5", "0x10", "1e3", " 1"}) {
      if (name == "version" || name == "uptime") continue;
      INFO(name << " " << odd);
      memcached::Stats stats = sound;
      stats[name] = odd;
      const ServerStatistics statistics = read_statistics(stats);
      const std::size_t of_it = name == "listen_disabled_num" ? 2 : 1;
      CHECK(values(statistics) == all - of_it);
      CHECK(statistics.odd.count(name) == 1);
      CHECK(statistics.tells_of_itself());
    }
  for (const char* name : {"curr_connections", "max_connections", "threads", "curr_items"}) {
    INFO(name);
    memcached::Stats stats = sound;
    stats[name] = "4294967295";
    CHECK(values(read_statistics(stats)) == all - 1);
  }
  sound["bytes"] = "4294967295";
  sound["curr_items"] = "5000000000";
  CHECK(values(read_statistics(sound)) == all);
}

TEST_CASE("which process tells") {
  const ServerStatistics statistics = read_statistics({{"pid", "25782"},
                                                       {"uptime", "3"},
                                                       {"time", "1795837689"},
                                                       {"rusage_user", "1.25"},
                                                       {"rusage_system", "0.5"}});
  CHECK(statistics.pid == "25782");
  CHECK(statistics.started == std::int64_t{1795837686});
  CHECK(statistics.counter(cpu_counter) == 1750);
  CHECK(read_statistics({{"pid", "0"}}).pid.empty());
  CHECK_FALSE(read_statistics({{"time", "5"}}).started);
  CHECK_FALSE(read_statistics({{"uptime", "4294967290"}}).uptime);
}
