// Asks all replicas at once, then, for a comparison, each of their sources once.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/outcome.h"
#include "judge.h"
#include "settings.h"

namespace evenkeel::replication {

using AskReplica = std::function<ReplicaReading(std::size_t i, Trace& trace)>;

// Owns what it uses, as fan_out wants it.
AskReplica ask_replica(const std::shared_ptr<mysql::SqlConnector>& connector,
                       const std::vector<mysql::Login>& logins, const Settings& settings,
                       const Deadline& deadline);

// Earlier than that of the run where there are sources to ask after them.
Deadline deadline_of_replicas(const Settings& settings, const Deadline& deadline);

// Every login becomes a target with a reading or an error, in the same order; steps go to `trace`.
struct ProbedTargets {
  std::vector<Target> targets;
  std::vector<TraceLine> trace;
};

// Of what the replicas gave; sources are asked here.
ProbedTargets probed_targets(std::vector<Outcome<ReplicaReading>> outcomes,
                             const std::shared_ptr<mysql::SqlConnector>& connector,
                             const std::vector<mysql::Login>& logins, const Settings& settings,
                             const Deadline& deadline);

}  // namespace evenkeel::replication
