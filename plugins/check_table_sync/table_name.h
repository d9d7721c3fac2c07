// The name of a table, and names and values written so that SQL reads nothing else into them.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "evenkeel/mysql/quoting.h"

namespace evenkeel::table_sync {

struct TableName {
  std::string database;
  std::string table;

  auto operator<=>(const TableName&) const = default;
  std::string text() const { return database + "." + table; }  // for people
  std::string sql() const;                                     // `shop`.`flags`
};

// A literal that holds any bytes under any sql_mode: _utf8mb4 x'c3a4'. As text for the server's own
// tables (information_schema).
std::string text_literal(std::string_view text);

// What a letter behind a backslash stands for in a literal that a server wrote.
char unescaped(char c);

}  // namespace evenkeel::table_sync
