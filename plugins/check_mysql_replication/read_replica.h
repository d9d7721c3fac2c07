// Asks one server about its replication, in as few questions as that takes: targets may be far away.
#pragma once

#include <chrono>
#include <optional>

#include "evenkeel/mysql/sql_session.h"
#include "heartbeat_table.h"
#include "replica_reading.h"

namespace evenkeel::replication {

// What errors and time-outs of SHOW ALL SLAVES STATUS begin with.
constexpr const char* mariadb_status_purpose = "reading MariaDB's replication status";

struct ReplicaQuestions {
  std::optional<HeartbeatTable> heartbeat;
  bool gtids = false;  // there will be a comparison with the source
  // How long a cluster member that seems to stand still is watched; 0: one look.
  std::chrono::duration<double> patience{0};
};

// Throws mysql::SqlError; a missing privilege names its GRANT. What only part of the answer needs and
// cannot be had stands in `not_readable`.
ReplicaReading read_replica(mysql::SqlSession& session, const ReplicaQuestions& questions);

}  // namespace evenkeel::replication
