// What one cache told and showed, and how it went on since the last run.
#pragma once

#include <optional>
#include <string>

#include "evenkeel/counter_rate.h"
#include "server_statistics.h"

namespace evenkeel::cache {

struct RoundTrip {
  double seconds = 0;   // with the connection
  std::string failure;  // empty: what was stored came back
};

struct ServerReading {
  RoundTrip round_trip;  // without one, the time of the connection and the first answer
  ServerStatistics statistics;
  std::string statistics_problem;  // why they are missing, which a good round trip outweighs
  SlabClasses classes;             // asked for only where the cache has ever evicted
  memcached::Stats settings;
  // Since the last run of the same service; nothing in the first run, after a restart, and where it is not
  // certain that one server told both.
  std::optional<CounterGrowth> growth;
  std::optional<double> last_run_too_old;  // seconds ago, where that is more than --max-age
  Continuity since_last_run = Continuity::unbroken;
  bool keeps_state = true;    // a next run will find this one's counters
  std::string state_problem;  // why nothing could be kept for the next run
};

// How the counters of a class are kept between runs.
std::string evicted_counter(unsigned slab_class);

}  // namespace evenkeel::cache
