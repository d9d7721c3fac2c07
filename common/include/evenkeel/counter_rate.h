// Rates of counters that only grow while their server lives: the difference of two samples over the
// time between them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "evenkeel/deadline.h"

namespace evenkeel {

struct CounterSample {
  Deadline::Clock::time_point taken;        // by the local clock
  double slack = 0;                         // seconds that `taken` may be off: half the time the answer took
  std::optional<double> uptime;             // seconds by the server's own clock; most count whole ones
  std::string taker;                        // which of the services that ask this server took it; one word
  std::string started;                      // when, in the server's words; empty where it does not say
  std::string server;                       // differs between servers, such as a version or pid; may be empty
  std::optional<std::uint64_t> generation;  // grows when a living server may change its words in `server`
  std::map<std::string, std::uint64_t, std::less<>> counters;
  std::uint64_t own = 0;  // what this check itself has asked for since, the sample's own request included
};

enum class Continuity {
  unbroken,
  restarted,       // the server was started between the samples
  reset,           // it lives on, but its counters fell
  another_server,  // the samples are of two servers
  standing_still,  // its uptime did not grow: an old answer was given again
  uncertain,       // without an uptime nobody knows whether they are of one server
  out_of_step,     // its uptime grew by more or less than the time between: an old answer, or a clock was set
};

// Whether a difference of the two samples' counters means anything: they are one server's, and its uptime has
// grown by about the time between. `before` was certainly taken before `now`.
Continuity continuity(const CounterSample& before, const CounterSample& now);

// Seconds from one sample to the other by the local clock, and how far off that may be.
double seconds_between(const CounterSample& before, const CounterSample& now);
double slack_between(const CounterSample& before, const CounterSample& now);

// Which clock divides: the server's does not know how long an answer took, but counts whole seconds.
enum class RateClock { local, server };

class CounterGrowth {
 public:
  // Of two samples whose continuity is unbroken.
  CounterGrowth(const CounterSample& before, const CounterSample& now);

  double seconds() const { return seconds_; }
  RateClock clock() const { return clock_; }
  std::uint64_t own() const { return own_; }
  // Nothing where one of the samples does not have the counter.
  std::optional<double> of(std::string_view counter) const;
  std::optional<double> per_second(std::string_view counter) const;

  static constexpr double shortest_for_server_clock = 60;

 private:
  double seconds_;
  RateClock clock_;
  std::uint64_t own_;
  std::map<std::string, std::uint64_t, std::less<>> grown_;
};

}  // namespace evenkeel
