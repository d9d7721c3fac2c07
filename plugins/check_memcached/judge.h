// From readings and limits to findings. Pure: no clock, no I/O.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evenkeel/report.h"
#include "evenkeel/thresholds.h"
#include "server_reading.h"
#include "settings.h"

namespace evenkeel::cache {

struct Target {
  std::string name;
  Outcome<ServerReading> outcome;
};

// Since the last run, without this check's own gets; nothing where the others are fewer than `min_gets`.
std::optional<double> hit_ratio(const ServerReading& reading, double min_gets);

Report judge(const std::vector<Target>& targets, const Settings& settings, const Limits& limits,
             Status timeout_state);

}  // namespace evenkeel::cache
