// The GRANT that a server of this family and version wants before it tells what we ask.
#pragma once

#include <string>

#include "evenkeel/mysql/server_version.h"
#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::mysql {

constexpr const char* some_account = "this account";
// The account that this session is checked as; some_account where the server does not say.
std::string account_of(SqlSession& session);
std::string grant_for_replica_status(const ServerVersion& version, const std::string& account);
std::string grant_for_performance_schema(const std::string& account);
std::string grant_for_table(const std::string& quoted_table, const std::string& account);

}  // namespace evenkeel::mysql
