#include "server_statistics.h"

#include <algorithm>
#include <array>

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
                                   "total_connections",
                                   "store_no_memory"};

// Where a gauge that fell below 0 turns up: at the top of the number that holds it.
bool fits_64_bits(std::uint64_t value) { return value < std::uint64_t{1} << 63; }
bool fits_32_bits(std::uint64_t value) { return value < std::uint64_t{1} << 31; }
// Of 64 bits today, of 32 in old versions; there may be billions of items.
bool is_count_of_items(std::uint64_t value) {
  constexpr std::uint64_t end = std::uint64_t{1} << 32;
  return fits_64_bits(value) && !(value < end && value >= end - (1u << 20));
}
bool is_flag(std::uint64_t value) { return value <= 1; }

struct Gauge {
  const char* name;
  std::optional<std::uint64_t> ServerStatistics::*value;
  bool (*can_be)(std::uint64_t);
};

constexpr std::array gauges{Gauge{"curr_items", &ServerStatistics::items, is_count_of_items},
                            Gauge{"bytes", &ServerStatistics::bytes, fits_64_bits},
                            Gauge{"limit_maxbytes", &ServerStatistics::max_bytes, fits_64_bits},
                            Gauge{"curr_connections", &ServerStatistics::connections, fits_32_bits},
                            Gauge{"max_connections", &ServerStatistics::max_connections, fits_32_bits},
                            Gauge{"connection_structures", &ServerStatistics::most_connections, fits_32_bits},
                            Gauge{"reserved_fds", &ServerStatistics::reserved_descriptors, fits_32_bits},
                            Gauge{"threads", &ServerStatistics::threads, fits_32_bits},
                            Gauge{"listen_disabled_num", &ServerStatistics::listen_disabled, fits_64_bits},
                            Gauge{"accepting_conns", &ServerStatistics::accepting, is_flag}};
constexpr std::array of_the_process{"version", "uptime", "pid", "time", "rusage_user", "rusage_system"};
constexpr unsigned largest_class = 255;

std::string_view text_at(const memcached::Stats& stats, std::string_view name) {
  const auto it = stats.find(name);
  return it == stats.end() ? std::string_view() : it->second;
}

std::optional<std::uint64_t> count_at(const memcached::Stats& stats, std::string_view name,
                                      bool (*can_be)(std::uint64_t), ServerStatistics& result) {
  const std::string_view text = text_at(stats, name);
  const std::optional<std::uint64_t> value = parse_integer<std::uint64_t>(text);
  if (value && can_be(*value)) return value;
  if (!text.empty()) result.odd.emplace(name, clean(text, 40));
  return std::nullopt;
}

std::optional<double> seconds_at(const memcached::Stats& stats, std::string_view name) {
  double seconds = 0;
  const bool fine = parse_number(text_at(stats, name), seconds) && seconds >= 0 && seconds < 2147483648.0;
  return fine ? std::optional(seconds) : std::nullopt;
}

// Which process it is.
void read_process(const memcached::Stats& stats, ServerStatistics& result) {
  result.version = clean(text_at(stats, "version"), 60);
  const auto pid = parse_integer<std::uint32_t>(text_at(stats, "pid"));
  if (pid && *pid > 0) result.pid = std::to_string(*pid);
  result.uptime = seconds_at(stats, "uptime");
  if (!result.uptime && !text_at(stats, "uptime").empty())
    result.odd.emplace("uptime", clean(text_at(stats, "uptime"), 40));
  const auto time = parse_integer<std::int64_t>(text_at(stats, "time"));
  constexpr std::int64_t latest = std::int64_t{1} << 40;
  if (result.uptime && time && *time > 0 && *time < latest)
    result.started = *time - static_cast<std::int64_t>(*result.uptime);
  const auto user = seconds_at(stats, "rusage_user");
  const auto system = seconds_at(stats, "rusage_system");
  if (user && system)
    result.counters.emplace(cpu_counter, static_cast<std::uint64_t>((*user + *system) * 1000));
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

std::optional<double> ServerStatistics::value_of(std::string_view name) const {
  if (name == "uptime") return uptime;
  if (const auto it = counters.find(name); it != counters.end()) return static_cast<double>(it->second);
  for (const Gauge& gauge : gauges)
    if (name == gauge.name && this->*gauge.value) return static_cast<double>(*(this->*gauge.value));
  return std::nullopt;
}

bool is_statistic_of_ours(std::string_view name) {
  return std::find(of_the_process.begin(), of_the_process.end(), name) != of_the_process.end() ||
         std::find(counter_names.begin(), counter_names.end(), name) != counter_names.end() ||
         std::any_of(gauges.begin(), gauges.end(), [&](const Gauge& gauge) { return name == gauge.name; });
}

bool is_of_a_class(std::string_view name) {
  return name.ends_with(":evicted") || name.ends_with(":age") || name.ends_with(":chunk_size");
}

ServerStatistics read_statistics(const memcached::Stats& stats) {
  ServerStatistics result;
  read_process(stats, result);
  for (const Gauge& gauge : gauges) result.*gauge.value = count_at(stats, gauge.name, gauge.can_be, result);
  // mcrouter's rates have the names of memcached's counters. Source: mcrouter/stat_list.h.
  const bool tells_rates = result.version.starts_with("mcrouter");
  for (const char* name : counter_names) {
    if (tells_rates && std::string_view(name).starts_with("cmd_")) continue;
    if (const auto value = count_at(stats, name, fits_64_bits, result)) result.counters.emplace(name, *value);
  }
  return result;
}

SlabClasses read_slab_classes(const memcached::Stats& items, const memcached::Stats& slabs,
                              const memcached::Stats& settings) {
  const auto largest_chunk = parse_integer<std::uint64_t>(text_at(settings, "slab_chunk_max"));
  SlabClasses classes;
  each_of_a_class(items, "items:", [&](unsigned number, std::string_view name, std::uint64_t value) {
    if (name == "evicted") classes[number].evicted = value;
    if (name == "age") classes[number].oldest_age = value;
  });
  each_of_a_class(slabs, "", [&](unsigned number, std::string_view name, std::uint64_t value) {
    if (name != "chunk_size") return;
    classes[number].item_size = value;
    classes[number].holds_larger = largest_chunk && value >= *largest_chunk;
  });
  return classes;
}

}  // namespace evenkeel::cache
