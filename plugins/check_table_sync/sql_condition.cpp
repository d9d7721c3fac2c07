#include "sql_condition.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "evenkeel/text.h"

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

bool is_of_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || (c & '\x80') != 0;
}

// The condition in small letters, with blanks in place of all that stands in quotes.
std::string without_quoted(std::string_view condition) {
  std::string text = lower(condition);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\'' && text[i] != '"' && text[i] != '`') continue;
    const std::size_t end = end_of_quote(condition, i);
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(i),
              text.begin() + static_cast<std::ptrdiff_t>(end) + 1, ' ');
    i = end;
  }
  return text;
}

// The words of it, and for each whether a bracket follows.
std::vector<std::pair<std::string, bool>> words_of(const std::string& text) {
  std::vector<std::pair<std::string, bool>> words;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_of_word(text[end])) ++end;
    if (end == i) {
      ++i;
      continue;
    }
    const std::size_t next = text.find_first_not_of(" \t\r\n", end);
    words.emplace_back(text.substr(i, end - i), next != std::string::npos && text[next] == '(');
    i = end;
  }
  return words;
}

// What cannot mean the same rows at each reading and on each server, or does more than read.
std::string flaw_of_words(const std::string& text) {
  constexpr std::array changing{"rand",          "uuid",           "uuid_v4",   "uuid_v7",   "uuid_short",
                                "sys_guid",      "random_bytes",   "nextval",   "lastval",   "setval",
                                "connection_id", "last_insert_id", "row_count", "found_rows"};
  constexpr std::array locking{"get_lock", "release_lock", "release_all_locks"};
  if (text.find('@') != std::string::npos) return "reads a variable: each server and session has its own";
  const auto words = words_of(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& [word, called] = words[i];
    const auto is_one_of = [&, &name = word](const auto& names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (called && is_one_of(changing)) return "calls " + word + "(), which gives another answer each time";
    if (called && is_one_of(locking)) return "calls " + word + "(), and nothing is to be locked";
    const std::string next = i + 1 < words.size() ? words[i + 1].first : "";
    if ((word == "for" && (next == "update" || next == "share")) || (word == "lock" && next == "in"))
      return "locks rows, and nothing is to be locked";
  }
  return {};
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
  return open > 0 ? "has a bracket that is not closed" : flaw_of_words(without_quoted(condition));
}

}  // namespace evenkeel::table_sync
