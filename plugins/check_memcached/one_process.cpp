#include "one_process.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "evenkeel/text.h"

namespace evenkeel::cache {

namespace {

constexpr const char* nothing = "-";

// memcached's clock ticks once a second, so that each uptime may be two seconds late.
constexpr double slack = 3;
// Over days, two clocks part by a little.
constexpr double drift = 0.0005;
// memcached begins to count at 2.
constexpr double first_uptime = 4;
// Relatives read two clocks for `time` and `uptime`, each rounded.
constexpr std::int64_t start_slack = 1;

// These have other meanings in some versions and relatives, or fall for other reasons.
constexpr std::array not_growing{"total_connections", "rejected_connections", cpu_counter};

struct Process {
  std::string_view pid, start, version;
};

Process process_of(const CounterSample& sample) {
  std::string_view text = sample.started;
  const auto known = [](std::string_view word) { return word == nothing ? std::string_view() : word; };
  const std::string_view pid = take_until(text, ' ');
  const std::string_view start = take_until(text, ' ');
  return {known(pid), known(start), known(text)};
}

bool differ(std::string_view before, std::string_view now) {
  return !before.empty() && !now.empty() && before != now;
}

std::optional<std::int64_t> between_starts(const Process& before, const Process& now) {
  const auto earlier = parse_integer<std::int64_t>(before.start);
  const auto later = parse_integer<std::int64_t>(now.start);
  return earlier && later ? std::optional(*later - *earlier) : std::nullopt;
}

bool fell(const CounterSample& before, const CounterSample& now, std::string_view counter) {
  const auto earlier = before.counters.find(counter);
  const auto later = now.counters.find(counter);
  return earlier != before.counters.end() && later != now.counters.end() && later->second < earlier->second;
}

bool any_fell(const CounterSample& before, const CounterSample& now) {
  return std::any_of(before.counters.begin(), before.counters.end(), [&](const auto& counter) {
    const bool grows = std::find(not_growing.begin(), not_growing.end(), counter.first) == not_growing.end();
    return grows && fell(before, now, counter.first);
  });
}

bool in_step(const CounterSample& before, const CounterSample& now, double elapsed) {
  const double grown = *now.uptime - *before.uptime;
  return std::abs(grown - elapsed) <= slack + slack_between(before, now) + elapsed * drift;
}

}  // namespace

std::string process_text(const ServerStatistics& statistics) {
  return (statistics.pid.empty() ? nothing : statistics.pid) + ' ' +
         (statistics.started ? std::to_string(*statistics.started) : nothing) + ' ' +
         (statistics.version.empty() ? nothing : statistics.version);
}

Continuity one_process(const CounterSample& before, const CounterSample& now) {
  const double elapsed = std::chrono::duration<double>(now.taken - before.taken).count();
  const Process was = process_of(before);
  const Process is = process_of(now);
  const std::optional<std::int64_t> started_later = between_starts(was, is);
  const bool same_start = started_later && std::abs(*started_later) <= start_slack;
  const bool same_pid = !was.pid.empty() && was.pid == is.pid;

  const bool another =
      differ(was.pid, is.pid) || differ(was.version, is.version) || (started_later && !same_start);
  const bool certain = same_pid && same_start;
  const bool out_of_step = !certain && before.uptime && now.uptime && !in_step(before, now, elapsed);
  if (another || out_of_step)
    return now.uptime && *now.uptime <= elapsed + first_uptime ? Continuity::restarted
                                                               : Continuity::another_server;
  // Two that were started together, each the first process of its container.
  if (fell(before, now, cpu_counter)) return Continuity::another_server;
  return any_fell(before, now) ? Continuity::reset : Continuity::unbroken;
}

}  // namespace evenkeel::cache
