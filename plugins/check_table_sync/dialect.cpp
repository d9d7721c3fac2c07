#include "dialect.h"

#include <cctype>
#include <cmath>
#include <cstdio>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

// "10.11.19-MariaDB" → 101119. Old replication clients saw a "5.5.5-" in front of MariaDB's own number.
int version_number(std::string_view text) {
  int parts[3] = {0, 0, 0};
  std::size_t at = 0;
  for (int& part : parts) {
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); ++at)
      part = part < 1000 ? part * 10 + (text[at] - '0') : part;
    if (at >= text.size() || text[at] != '.') break;
    ++at;
  }
  return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

}  // namespace

Dialect Dialect::of(std::string_view server_version) {
  Dialect dialect;
  dialect.family =
      lower(server_version).find("mariadb") != std::string::npos ? Family::mariadb : Family::mysql;
  if (dialect.is_mariadb() && server_version.starts_with("5.5.5-")) server_version.remove_prefix(6);
  dialect.version = version_number(server_version);
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
