// Asks all replicas at once, then, for a comparison, each of their sources once.
#pragma once

#include <memory>
#include <vector>

#include "evenkeel/check.h"
#include "judge.h"
#include "settings.h"

namespace evenkeel::replication {

// Every login becomes a target with a reading or an error, in the same order; steps go to `trace`.
struct ProbedTargets {
  std::vector<Target> targets;
  std::vector<TraceLine> trace;
};

ProbedTargets probe_replicas(const std::shared_ptr<mysql::SqlConnector>& connector,
                             const std::vector<mysql::Login>& logins, const Settings& settings,
                             const Deadline& deadline);

}  // namespace evenkeel::replication
