#include "evenkeel/counter_rate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace evenkeel {

namespace {

// Whole seconds on one side, and the way there and back on the other.
constexpr double clock_slack = 2;

double seconds_between(const CounterSample& before, const CounterSample& now) {
  return std::chrono::duration<double>(now.taken - before.taken).count();
}

bool counters_fell(const CounterSample& before, const CounterSample& now) {
  return std::any_of(before.counters.begin(), before.counters.end(), [&](const auto& counter) {
    const auto later = now.counters.find(counter.first);
    return later != now.counters.end() && later->second < counter.second;
  });
}

}  // namespace

Continuity continuity(const CounterSample& before, const CounterSample& now) {
  const bool tells_start = !before.started.empty() && !now.started.empty();
  if (tells_start && before.started != now.started) return Continuity::restarted;
  if (before.uptime && now.uptime) {
    if (*now.uptime < *before.uptime) return Continuity::restarted;
    // A server that was up for longer than that lived through all of the time between.
    if (!tells_start && *now.uptime + clock_slack < seconds_between(before, now))
      return Continuity::restarted;
  }
  return counters_fell(before, now) ? Continuity::reset : Continuity::unbroken;
}

CounterGrowth::CounterGrowth(const CounterSample& before, const CounterSample& now)
    : seconds_(seconds_between(before, now)), clock_(RateClock::local), own_(before.own) {
  if (before.uptime && now.uptime && seconds_ >= shortest_for_server_clock) {
    const double by_server = *now.uptime - *before.uptime;
    // A clock that was set in between says little, and it is the server's: ours counts from the boot.
    if (std::abs(by_server - seconds_) <= clock_slack + seconds_ / 100) {
      seconds_ = by_server;
      clock_ = RateClock::server;
    }
  }
  for (const auto& [name, value] : now.counters) {
    const auto earlier = before.counters.find(name);
    if (earlier != before.counters.end() && earlier->second <= value)
      grown_.emplace(name, value - earlier->second);
  }
}

std::optional<double> CounterGrowth::of(std::string_view counter) const {
  const auto it = grown_.find(counter);
  if (it == grown_.end()) return std::nullopt;
  return static_cast<double>(it->second);
}

std::optional<double> CounterGrowth::per_second(std::string_view counter) const {
  const std::optional<double> grown = of(counter);
  if (!grown || seconds_ <= 0) return std::nullopt;
  return *grown / seconds_;
}

}  // namespace evenkeel
