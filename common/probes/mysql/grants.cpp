#include "evenkeel/mysql/grants.h"

#include "evenkeel/mysql/quoting.h"

namespace evenkeel::mysql {

std::string account_of(SqlSession& session) {
  const Rows rows = ask(session, "asking for the account", "SELECT CURRENT_USER()");
  const bool says = rows.rows.size() == 1 && rows.rows[0].size() == 1 && rows.rows[0][0];
  return says ? quoted_account(*rows.rows[0][0]) : some_account;
}

std::string grant_for_replica_status(const ServerVersion& version, const std::string& account) {
  std::string privilege = "REPLICATION CLIENT";
  // MariaDB 10.5 split the privilege; until 10.5.9 only the administrator's part let one look.
  if (version.mariadb && version.number >= 100509)
    privilege = "SLAVE MONITOR";
  else if (version.mariadb && version.number >= 100502)
    privilege = "REPLICATION SLAVE ADMIN";
  return "GRANT " + privilege + " ON *.* TO " + account;
}

std::string grant_for_performance_schema(const std::string& account) {
  return "GRANT SELECT ON performance_schema.* TO " + account;
}

std::string grant_for_table(const std::string& quoted_table, const std::string& account) {
  return "GRANT SELECT ON " + quoted_table + " TO " + account;
}

}  // namespace evenkeel::mysql
