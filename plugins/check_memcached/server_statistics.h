// What memcached says of itself: "stats", "stats items", "stats slabs".
// Source: memcached, doc/protocol.txt, "Statistics".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "evenkeel/memcached/memcached_client.h"

namespace evenkeel::cache {

// What a version does not have is nothing, and so is what cannot be: proxies and relatives write -1 or words,
// and memcached's own gauges have wrapped below 0 at times.
struct ServerStatistics {
  std::string version;
  std::string pid;  // empty where there is none, or 0
  std::optional<double> uptime;
  std::optional<std::int64_t> started;  // by the server's clock: one process always tells the same
  std::optional<std::uint64_t> items, bytes, max_bytes, connections, max_connections, threads;
  std::optional<std::uint64_t> listen_disabled, accepting;
  std::optional<std::uint64_t> most_connections;      // at once, since the start
  std::optional<std::uint64_t> reserved_descriptors;  // of max_connections, for its own use
  // Those that only grow, by memcached's own names.
  std::map<std::string, std::uint64_t, std::less<>> counters;

  std::map<std::string, std::string, std::less<>> odd;  // what cannot be, by memcached's own names

  std::uint64_t counter(std::string_view name) const;  // 0 where there is none
  // Of a counter, a gauge or the uptime; nothing where it is not told, or cannot be.
  std::optional<double> value_of(std::string_view name) const;
  bool tells_of_itself() const { return !version.empty() || uptime; }
};

// Items of about one size share a slab class; memcached evicts within a class.
struct SlabClass {
  std::uint64_t item_size = 0;           // bytes: the largest that fits
  std::optional<std::uint64_t> evicted;  // nothing where the class is empty now
  std::uint64_t oldest_age = 0;          // seconds: how long the oldest item has lived
  bool holds_larger = false;             // items of any larger size, too, in several chunks each
};
using SlabClasses = std::map<unsigned, SlabClass>;

// The names that are read here.
bool is_statistic_of_ours(std::string_view name);
bool is_of_a_class(std::string_view name);

ServerStatistics read_statistics(const memcached::Stats& stats);
SlabClasses read_slab_classes(const memcached::Stats& items, const memcached::Stats& slabs,
                              const memcached::Stats& settings);

// CPU time in milliseconds is kept beside the counters: of one process it never falls.
constexpr const char* cpu_counter = "cpu_ms";

}  // namespace evenkeel::cache
