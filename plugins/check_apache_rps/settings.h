// What the user wants, beside targets and thresholds.
#pragma once

#include <cstddef>

namespace evenkeel::apache {

struct Settings {
  double interval = 1;  // seconds between two samples, at least
  bool interval_given = false;
  double max_age = 900;  // seconds: an older sample of an earlier run is not used
  std::size_t parallel = 256;
};

}  // namespace evenkeel::apache
