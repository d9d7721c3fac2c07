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

// What a version does not have is nothing.
struct ServerStatistics {
  std::string version;
  std::optional<double> uptime;
  std::optional<std::uint64_t> items, bytes, max_bytes, connections, max_connections, threads;
  std::optional<std::uint64_t> listen_disabled, accepting;
  // Those that only grow, by memcached's own names.
  std::map<std::string, std::uint64_t, std::less<>> counters;

  std::uint64_t counter(std::string_view name) const;  // 0 where there is none
};

// Items of about one size share a slab class; memcached evicts within a class.
struct SlabClass {
  std::uint64_t item_size = 0;           // bytes: the largest that fits
  std::optional<std::uint64_t> evicted;  // nothing where the class is empty now
  std::uint64_t oldest_age = 0;          // seconds: how long the oldest item has lived
};
using SlabClasses = std::map<unsigned, SlabClass>;

// The names that are read here.
bool is_statistic_of_ours(std::string_view name);
bool is_of_a_class(std::string_view name);

// Throws Error(Fault::protocol) where there is no uptime and no version, or one that is no number.
ServerStatistics read_statistics(const memcached::Stats& stats);
SlabClasses read_slab_classes(const memcached::Stats& items, const memcached::Stats& slabs);

}  // namespace evenkeel::cache
