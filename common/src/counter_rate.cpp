#include "evenkeel/counter_rate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace evenkeel {

namespace {

// Whole seconds on one side, and the way there and back on the other.
constexpr double clock_slack = 2;

// Clocks are slewed: by so much they may differ over a time.
double drift_in(double seconds) { return seconds / 100; }

bool counters_fell(const CounterSample& before, const CounterSample& now) {
  return std::any_of(before.counters.begin(), before.counters.end(), [&](const auto& counter) {
    const auto later = now.counters.find(counter.first);
    return later != now.counters.end() && later->second < counter.second;
  });
}

enum class Start { same, different, unknown };

std::optional<int> two_digits(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() < 2 || !is_digit(text[0]) || !is_digit(text[1])) return std::nullopt;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

// Seconds within a quarter of an hour, of the first "13:18:47" in a text: the same in all languages and all
// time zones.
std::optional<int> seconds_in_quarter(std::string_view text) {
  for (; text.size() >= 8; text.remove_prefix(1)) {
    const auto minute = two_digits(text.substr(3));
    const auto second = two_digits(text.substr(6));
    if (two_digits(text) && text[2] == ':' && minute && text[5] == ':' && second)
      return *minute % 15 * 60 + *second;
  }
  return std::nullopt;
}

// A process may print the time in another language or time zone than the one beside it.
Start compare_starts(const CounterSample& before, const CounterSample& now) {
  if (before.started.empty() || now.started.empty()) return Start::unknown;
  if (before.started == now.started) return Start::same;
  const auto earlier = seconds_in_quarter(before.started);
  const auto later = seconds_in_quarter(now.started);
  return earlier && later && *earlier != *later ? Start::different : Start::unknown;
}

bool generation_fell(const CounterSample& before, const CounterSample& now) {
  return before.generation && now.generation && *now.generation < *before.generation;
}

// A server that lives on changes its words only with its generation.
bool words_differ(const CounterSample& before, const CounterSample& now) {
  if (before.server.empty() || now.server.empty() || before.server == now.server) return false;
  return !before.generation || !now.generation || *now.generation == *before.generation;
}

// A counter that stands still or grows may be another server's, or a cached page's.
Continuity without_uptime(const CounterSample& before, const CounterSample& now) {
  if (before.uptime || now.uptime) return Continuity::another_server;
  if (!before.started.empty() && !now.started.empty() && before.started != now.started)
    return Continuity::uncertain;
  if (words_differ(before, now)) return Continuity::another_server;
  return counters_fell(before, now) ? Continuity::reset : Continuity::uncertain;
}

// Of samples whose uptimes say that they are of one life.
Continuity within_one_life(const CounterSample& before, const CounterSample& now) {
  if (words_differ(before, now) || generation_fell(before, now)) return Continuity::another_server;
  return counters_fell(before, now) ? Continuity::reset : Continuity::unbroken;
}

}  // namespace

double seconds_between(const CounterSample& before, const CounterSample& now) {
  return std::chrono::duration<double>(now.taken - before.taken).count();
}

double slack_between(const CounterSample& before, const CounterSample& now) {
  return before.slack + now.slack;
}

Continuity continuity(const CounterSample& before, const CounterSample& now) {
  if (!before.uptime || !now.uptime) return without_uptime(before, now);
  const double elapsed = seconds_between(before, now);
  const double slack = slack_between(before, now) + drift_in(elapsed);
  const double grown = *now.uptime - *before.uptime;
  // Between two clocks that count whole seconds there is up to one second.
  const bool is_near = std::abs(grown - elapsed) <= 1.5 + slack;
  const bool may_have_restarted = *now.uptime <= elapsed + 0.5 + slack;
  const Start start = compare_starts(before, now);

  if (start == Start::different)
    return may_have_restarted ? Continuity::restarted : Continuity::another_server;
  if (is_near && grown >= 0) return within_one_life(before, now);
  if (start == Start::unknown && may_have_restarted && (grown != 0 || before.counters != now.counters))
    return Continuity::restarted;
  if (words_differ(before, now))
    return may_have_restarted ? Continuity::restarted : Continuity::another_server;
  if (grown == 0) return Continuity::standing_still;
  // Started within the same second: their uptimes may be a second apart.
  if (is_near && counters_fell(before, now)) return Continuity::reset;
  if (start == Start::unknown && grown < 0) return Continuity::another_server;
  return Continuity::out_of_step;
}

CounterGrowth::CounterGrowth(const CounterSample& before, const CounterSample& now)
    : seconds_(seconds_between(before, now)), clock_(RateClock::local), own_(before.own) {
  // Answers that took longer than a second: the server's whole seconds say more than our clock.
  if (before.uptime && now.uptime && slack_between(before, now) > 1) {
    const double by_server = *now.uptime - *before.uptime;
    seconds_ = std::clamp(seconds_, std::max(0.0, by_server - 1), by_server + 1);
  }
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
