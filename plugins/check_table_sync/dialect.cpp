#include "dialect.h"

#include <cmath>
#include <cstdio>

#include "evenkeel/error.h"
#include "evenkeel/mysql/server_version.h"
#include "evenkeel/text.h"

namespace evenkeel::table_sync {

Dialect Dialect::of(std::string_view server_version) {
  const auto known = mysql::ServerVersion::parse(server_version);
  const Dialect dialect{known.mariadb ? Family::mariadb : Family::mysql, known.number};
  if (dialect.version == 0)
    throw Error(Fault::protocol, "no version in what the server calls itself: " + clean(server_version, 60));
  return dialect;
}

std::string Dialect::name() const {
  return std::string(is_mariadb() ? "MariaDB " : "MySQL ") + std::to_string(version / 10000) + "." +
         std::to_string(version / 100 % 100);
}

std::string session_pins(const Dialect& dialect) {
  std::string pins =
      "SET NAMES utf8mb4, SESSION sql_mode = '', time_zone = '+00:00', autocommit = 1, "
      "lock_wait_timeout = 5, innodb_lock_wait_timeout = 5, sql_big_selects = 1, "
      "sql_select_limit = 18446744073709551615, ";
  // MySQL from 5.7.20 and MariaDB from 11.1 call them transaction_*, those before tx_*.
  const bool old_names = dialect.version < (dialect.is_mariadb() ? 110100 : 50720);
  const std::string prefix = old_names ? "tx_" : "transaction_";
  // Servers may hide the primary keys that they make themselves.
  if (!dialect.is_mariadb() && dialect.version >= 80030)
    pins += "show_gipk_in_create_table_and_information_schema = 1, ";
  pins += prefix + "isolation = 'REPEATABLE-READ', " + prefix + "read_only = 1";
  return pins;
}

std::string statement_limit(const Dialect& dialect, double seconds) {
  char text[64];
  const auto milliseconds = std::lround(seconds * 1000);
  if (dialect.is_mariadb())
    std::snprintf(text, sizeof text, "SET SESSION max_statement_time = %ld.%03ld", milliseconds / 1000,
                  milliseconds % 1000);
  else
    std::snprintf(text, sizeof text, "SET SESSION max_execution_time = %ld", milliseconds);
  return text;
}

}  // namespace evenkeel::table_sync
