// From readings and limits to findings. Pure: no clock, no I/O.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evenkeel/report.h"
#include "evenkeel/thresholds.h"
#include "server_reading.h"

namespace evenkeel::apache {

struct Target {
  std::string name;
  Outcome<ServerReading> outcome;
};

// Requests per second without those of this check; never below 0.
std::optional<double> requests_per_second(const ServerReading& reading);

Report judge(const std::vector<Target>& targets, const Limits& limits, Status timeout_state);

}  // namespace evenkeel::apache
