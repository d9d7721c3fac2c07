// The samples of a server's counters that runs leave for the next: the newest two of each service that asks
// the server, so that one which is old enough to tell a rate is there however close together runs are, and
// so that a service need not measure from the run of another.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/counter_rate.h"
#include "evenkeel/state_store.h"

namespace evenkeel {

class SampleHistory {
 public:
  using Moment = Deadline::Clock::time_point;

  // What format() wrote, saved `age` seconds before `now`. Garbage is an empty history.
  static SampleHistory parse(std::string_view text, double age, Moment now);
  std::string format(Moment now) const;

  // The newest sample that was taken between `youngest` and `oldest` seconds before `now`: of this taker, or
  // where it has none, of any.
  const CounterSample* base(double youngest, double oldest, Moment now, std::string_view taker = {}) const;
  const CounterSample* newest() const { return samples_.empty() ? nullptr : &samples_.back(); }
  // Seconds since the taker's last sample, or where it has none, since the newest; 0 where there is none.
  double age_of_last(Moment now, std::string_view taker = {}) const;

  // Requests of this check that later samples will have counted.
  void count_own(std::uint64_t requests);
  // Keeps the newest of its taker's before as well. A sample less than `youngest` seconds after that one is
  // not needed, and left out.
  void add(CounterSample sample, double youngest);
  void clear() { samples_.clear(); }

  static constexpr std::size_t max_counters = 2000;
  static constexpr double any_age = 1e18;
  static constexpr std::size_t max_samples = 64;

 private:
  std::vector<CounterSample> samples_;  // oldest first
};

// As StateStore::update(), with the history that is kept under `key`; an empty one where there is none.
// `change` returns false to leave it as it is.
void update_history(StateStore& state, std::string_view key,
                    const std::function<bool(SampleHistory&)>& change);
// Of a run that failed: the server counts what it was asked all the same, if only once it hangs no more.
void count_own_of_failed_run(StateStore& state, std::string_view key, std::uint64_t requests);

}  // namespace evenkeel
