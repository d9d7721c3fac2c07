#include "server_statistics.h"

#include <algorithm>
#include <array>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::cache {

namespace {

constexpr std::array counter_names{"cmd_get",
                                   "get_hits",
                                   "get_misses",
                                   "cmd_set",
                                   "evictions",
                                   "expired_unfetched",
                                   "evicted_unfetched",
                                   "listen_disabled_num",
                                   "rejected_connections",
                                   "store_no_memory"};
struct Gauge {
  const char* name;
  std::optional<std::uint64_t> ServerStatistics::*value;
};

constexpr std::array gauges{Gauge{"curr_items", &ServerStatistics::items},
                            Gauge{"bytes", &ServerStatistics::bytes},
                            Gauge{"limit_maxbytes", &ServerStatistics::max_bytes},
                            Gauge{"curr_connections", &ServerStatistics::connections},
                            Gauge{"max_connections", &ServerStatistics::max_connections},
                            Gauge{"threads", &ServerStatistics::threads},
                            Gauge{"listen_disabled_num", &ServerStatistics::listen_disabled},
                            Gauge{"accepting_conns", &ServerStatistics::accepting}};
constexpr unsigned largest_class = 255;

std::optional<std::uint64_t> count_at(const memcached::Stats& stats, std::string_view name) {
  const auto it = stats.find(name);
  if (it == stats.end()) return std::nullopt;
  const std::optional<std::uint64_t> value = parse_integer<std::uint64_t>(it->second);
  if (!value)
    throw Error(Fault::protocol,
                "its " + std::string(name) + " is no number: \"" + clean(it->second, 40) + "\"");
  return value;
}

// Calls `take(class, name, value)` for "5:chunk_size 240".
template <class Take>
void each_of_a_class(const memcached::Stats& stats, std::string_view prefix, const Take& take) {
  for (const auto& [key, text] : stats) {
    std::string_view rest = key;
    if (!rest.starts_with(prefix)) continue;
    rest.remove_prefix(prefix.size());
    const std::optional<std::uint64_t> number = parse_integer<std::uint64_t>(take_until(rest, ':'));
    const std::optional<std::uint64_t> value = parse_integer<std::uint64_t>(text);
    if (number && *number <= largest_class && value) take(static_cast<unsigned>(*number), rest, *value);
  }
}

}  // namespace

std::uint64_t ServerStatistics::counter(std::string_view name) const {
  const auto it = counters.find(name);
  return it == counters.end() ? 0 : it->second;
}

bool is_statistic_of_ours(std::string_view name) {
  return name == "version" || name == "uptime" ||
         std::find(counter_names.begin(), counter_names.end(), name) != counter_names.end() ||
         std::any_of(gauges.begin(), gauges.end(), [&](const Gauge& gauge) { return name == gauge.name; });
}

bool is_of_a_class(std::string_view name) {
  return name.ends_with(":evicted") || name.ends_with(":age") || name.ends_with(":chunk_size");
}

ServerStatistics read_statistics(const memcached::Stats& stats) {
  ServerStatistics result;
  if (const auto version = stats.find("version"); version != stats.end())
    result.version = clean(version->second, 60);
  if (const auto uptime = count_at(stats, "uptime")) result.uptime = static_cast<double>(*uptime);
  if (result.version.empty() && !result.uptime)
    throw Error(Fault::protocol, "its statistics hold neither a version nor an uptime");
  for (const Gauge& gauge : gauges) result.*gauge.value = count_at(stats, gauge.name);
  for (const char* name : counter_names)
    if (const auto value = count_at(stats, name)) result.counters.emplace(name, *value);
  return result;
}

SlabClasses read_slab_classes(const memcached::Stats& items, const memcached::Stats& slabs) {
  SlabClasses classes;
  each_of_a_class(items, "items:", [&](unsigned number, std::string_view name, std::uint64_t value) {
    if (name == "evicted") classes[number].evicted = value;
    if (name == "age") classes[number].oldest_age = value;
  });
  each_of_a_class(slabs, "", [&](unsigned number, std::string_view name, std::uint64_t value) {
    if (name == "chunk_size") classes[number].item_size = value;
  });
  return classes;
}

}  // namespace evenkeel::cache
