// What one target gave: a reading or an error, and the steps taken.
#pragma once

#include <optional>
#include <vector>

#include "evenkeel/error.h"
#include "evenkeel/trace.h"

namespace evenkeel {

template <class Reading>
struct Outcome {
  std::optional<Reading> reading;
  std::optional<Error> error;
  std::vector<Trace::Step> steps;
};

}  // namespace evenkeel
