#include "table_name.h"

namespace evenkeel::table_sync {

std::string TableName::sql() const { return mysql::quoted_name(database) + "." + mysql::quoted_name(table); }

std::string text_literal(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string literal = "_utf8mb4 x'";
  for (const char c : text) {
    literal += digits[static_cast<unsigned char>(c) >> 4];
    literal += digits[static_cast<unsigned char>(c) & 15];
  }
  return literal + "'";
}

}  // namespace evenkeel::table_sync
