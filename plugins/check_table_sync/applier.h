// Whether a server applies what others send, as an account sees it that may not see replication status.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "dialect.h"
#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::table_sync {

// Whether an SQL thread runs at this moment. MariaDB counts them in a status variable that any account may
// read. MySQL has a function for it that wants the name of the source's binary log: `log_names` are those
// that a source may have; under another name a thread that runs is not seen. Nothing where the server does
// not say.
std::optional<bool> applier_runs(const Dialect& dialect, mysql::SqlSession& session,
                                 const std::set<std::string>& log_names);

// The name of a server's binary log without its folder; empty where it has none or the server is a MariaDB.
std::string log_name_of(const Dialect& dialect, mysql::SqlSession& session);

// The SELECT for MySQL; its answer is NULL where no thread runs.
std::string applier_sql(const Dialect& dialect, const std::set<std::string>& log_names);

}  // namespace evenkeel::table_sync
