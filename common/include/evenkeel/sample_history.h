// The samples of a server's counters that one run leaves for the next. Either the newest two, so that one
// which is old enough to tell a rate is there however close together runs are; or the last of each service
// that asks the server, so that one can look past the runs of others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/counter_rate.h"

namespace evenkeel {

class SampleHistory {
 public:
  using Moment = Deadline::Clock::time_point;

  // What format() wrote, saved `age` seconds before `now`. Garbage is an empty history.
  static SampleHistory parse(std::string_view text, double age, Moment now);
  std::string format(Moment now) const;

  // The newest sample that was taken between `youngest` and `oldest` seconds before `now`.
  const CounterSample* base(double youngest, double oldest, Moment now) const;
  const CounterSample* newest() const { return samples_.empty() ? nullptr : &samples_.back(); }
  double age_of_newest(Moment now) const;  // seconds; 0 where there is none
  // The last one of this taker, or where that is older than `oldest` seconds, or there is none, the newest of
  // all.
  const CounterSample* last_of(std::string_view taker, double oldest, Moment now) const;

  // Requests of this check that later samples will have counted.
  void count_own(std::uint64_t requests);
  // Keeps the newest of those before as well. A sample less than `youngest` seconds after that one is
  // not needed, and left out.
  void add(CounterSample sample, double youngest);
  // Keeps it in the place of its taker's last one.
  void replace_last_of_taker(CounterSample sample);
  void clear() { samples_.clear(); }

  static constexpr std::size_t max_counters = 2000;
  static constexpr double any_age = 1e18;
  static constexpr std::size_t max_takers = 32;

 private:
  std::vector<CounterSample> samples_;  // oldest first
};

}  // namespace evenkeel
