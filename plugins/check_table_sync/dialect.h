// Which SQL a server speaks, and what a session says first so that two servers with other defaults read
// the same stored values the same way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace evenkeel::table_sync {

enum class Family { mariadb, mysql };

struct Dialect {
  Family family = Family::mariadb;
  int version = 0;  // 101119 for 10.11.19, 90700 for 9.7.0

  // From SqlSession::server_version(). Text without a number is Error(Fault::protocol).
  static Dialect of(std::string_view server_version);

  bool is_mariadb() const { return family == Family::mariadb; }
  std::string name() const;  // "MariaDB 10.11", "MySQL 9.7"
};

// One SET statement that a fresh session runs before anything else: character set (utf8mb4 for names and
// literals), sql_mode (nothing: no ANSI quotes, no padded CHAR), UTC, isolation (REPEATABLE READ for plain
// consistent reads), read-only transactions, group_concat_max_len. It also pins what would let a session
// wait or write by itself (lock wait, autocommit).
std::string session_pins(const Dialect& dialect);

// A limit that the server itself keeps for each SELECT of this session from now on; `seconds` above 0.
// It ends a statement with error 1969 (MariaDB) or 3024 (MySQL), whatever has become of us.
std::string statement_limit(const Dialect& dialect, double seconds);

}  // namespace evenkeel::table_sync
