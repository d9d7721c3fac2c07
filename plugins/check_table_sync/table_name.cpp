#include "table_name.h"

namespace evenkeel::table_sync {

std::string quote_identifier(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

std::string TableName::sql() const { return quote_identifier(database) + "." + quote_identifier(table); }

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
