// What one server told, and how it went on since an earlier sample.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "evenkeel/counter_rate.h"
#include "server_status.h"

namespace evenkeel::apache {

struct ServerReading {
  ServerStatus status;                  // the newest
  std::optional<CounterGrowth> growth;  // nothing where the server counts no requests
  Continuity since_last_run = Continuity::unbroken;
  Continuity within_this_run = Continuity::unbroken;
  bool sampled_twice = false;    // within this run, for want of an earlier sample
  bool several_servers = false;  // answered within this run
  bool several_before = false;   // and this run could not see whether they still do
  // Seconds, of a page that a cache gave; nothing where none did, or where it tells a hit and no age.
  std::optional<double> page_age;
  std::string cache_hit;
  bool too_slow = false;  // its answers take longer than the time between two samples
  bool unsteady = false;  // a rate was wanted, and no two samples in a row belonged together
  std::size_t page_bytes = 0;
  std::string http_version;
  std::string state_problem;  // why nothing could be kept for the next run
};

// Apache's counters do not fall while it is up.
inline bool are_of_two_servers(Continuity between) {
  return between == Continuity::another_server || between == Continuity::reset;
}

// Counters as they are kept between runs.
inline constexpr const char* accesses_counter = "accesses";
inline constexpr const char* kilobytes_counter = "kilobytes";
inline constexpr const char* duration_counter = "duration_ms";

}  // namespace evenkeel::apache
