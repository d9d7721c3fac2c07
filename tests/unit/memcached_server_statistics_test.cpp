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
      read_slab_classes(stats_of("1.6.18_stats_items_evicting"), stats_of("1.6.18_stats_slabs_evicting"));
  REQUIRE(classes.count(12) == 1);
  CHECK(classes.at(12).item_size == 1184);
  CHECK(classes.at(12).evicted == 6230);
}

TEST_CASE("what an old version does not have is nothing") {
  const ServerStatistics statistics = read_statistics({{"version", "1.2.6"}, {"curr_items", "0"}});
  CHECK(statistics.items == std::uint64_t{0});
  CHECK_FALSE(statistics.max_connections);
  CHECK_FALSE(statistics.uptime);
  CHECK(statistics.counters.empty());
}

TEST_CASE("nonsense is an error, or left out where it is one class among many") {
  CHECK_THROWS_WITH(read_statistics({}), Catch::Contains("neither a version nor an uptime"));
  CHECK_THROWS_WITH(read_statistics({{"uptime", "x"}}), Catch::Contains("its uptime is no number: \"x\""));
  CHECK_THROWS_WITH(read_statistics({{"uptime", "5"}, {"evictions", "-1"}}),
                    Catch::Contains("its evictions"));
  CHECK(read_slab_classes(
            {{"items:x:evicted", "1"}, {"items:999:evicted", "1"}, {"items:5:evicted", "x"}, {"items:", ""}},
            {{"active_slabs", "1"}, {":", "1"}})
            .empty());
}
