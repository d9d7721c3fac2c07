// What the user wants, beside targets and thresholds.
#pragma once

#include <cstddef>
#include <string>

namespace evenkeel::cache {

struct Settings {
  bool round_trip = true;
  bool statistics = true;
  double min_gets = 100;  // fewer since the last run tell no hit ratio
  double max_age = 3600;  // seconds: an older sample of the last run is not used
  double min_age = 1;     // nor one that is younger: so little time tells of no rate
  std::string service;    // tells its runs from those of others that ask the same cache
  bool same_settings = false;
  bool server_settings = true;  // whether anyone will read them
  std::size_t parallel = 256;
};

}  // namespace evenkeel::cache
