// Replication status, for --max-lag and to know who may apply what others send. Needs a privilege.
#pragma once

#include <optional>

#include "dialect.h"
#include "evenkeel/mysql/sql_session.h"
#include "executed.h"

namespace evenkeel::table_sync {

// Throws SqlError, Fault::denied where the account may not see it.
ReplicaStatus read_replica_status(const Dialect& dialect, mysql::SqlSession& session);

// Why the server does not apply what others send: "replication is stopped: its SQL thread does not run".
// Empty where the status does not tell.
std::string why_not_applying(const ReplicaStatus& status);

}  // namespace evenkeel::table_sync
