#include "sql_condition.h"

#include <cstddef>

namespace evenkeel::table_sync {

namespace {

// Of the quoted text that begins at `begin`: the place of its last quote, or npos.
std::size_t end_of_quote(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == quote) return i;  // one that is doubled begins another quoted text at once
    if (text[i] == '\\' && quote != '`') ++i;
  }
  return std::string_view::npos;
}

bool begins_comment(std::string_view rest) {
  if (rest.starts_with('#') || rest.starts_with("/*")) return true;
  // Without the blank it is two minus signs.
  return rest.starts_with("--") && rest.size() > 2 &&
         (static_cast<unsigned char>(rest[2]) <= ' ' || rest[2] == '\x7F');
}

}  // namespace

std::string flaw_of_condition(std::string_view condition) {
  if (condition.find_first_not_of(" \t\r\n") == std::string_view::npos) return "is empty";
  std::size_t open = 0;
  for (std::size_t i = 0; i < condition.size(); ++i) {
    const char c = condition[i];
    if (c == '\'' || c == '"' || c == '`') {
      i = end_of_quote(condition, i);
      if (i == std::string_view::npos) return "has a quote that is not closed";
    } else if (c == '(') {
      ++open;
    } else if (c == ')') {
      if (open-- == 0) return "closes a bracket that it has not opened";
    } else if (c == ';' || c == '\0') {
      return "is more than one condition";
    } else if (begins_comment(condition.substr(i))) {
      return "has a comment";
    }
  }
  return open > 0 ? "has a bracket that is not closed" : "";
}

}  // namespace evenkeel::table_sync
