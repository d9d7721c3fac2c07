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

char unescaped(char c) {
  switch (c) {
    case '0':
      return '\0';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'Z':
      return '\x1A';
    default:
      return c;
  }
}

}  // namespace evenkeel::table_sync
