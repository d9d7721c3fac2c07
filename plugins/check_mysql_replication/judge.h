// From readings and limits to findings. Pure: no clock, no I/O.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evenkeel/error.h"
#include "evenkeel/report.h"
#include "evenkeel/thresholds.h"
#include "replica_reading.h"
#include "settings.h"
#include "source_comparison.h"

namespace evenkeel::replication {

struct ComparedChannel {
  std::optional<std::string> channel;  // nothing: the whole server
  std::string source;                  // "db1:3306"
  std::optional<Comparison> comparison;
  std::string problem;  // why there is no comparison
};

struct Target {
  std::string name;
  std::optional<ReplicaReading> reading;
  std::optional<Error> error;
  std::vector<ComparedChannel> compared;
};

Report judge(const std::vector<Target>& targets, const Settings& settings, const Limits& limits,
             Status timeout_state);

}  // namespace evenkeel::replication
