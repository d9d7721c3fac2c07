// Answers of servers, kept in tests/fixtures/replication as text: "*** row", then "column: value" lines.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "evenkeel/mysql/sql_session.h"

namespace fakes {

inline std::string unescaped(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    result += escape ? (text[++i] == 'n' ? '\n' : text[i]) : text[i];
  }
  return result;
}

inline evenkeel::mysql::Rows recorded_answer(const std::string& situation) {
  std::ifstream file(std::filesystem::path(EVENKEEL_FIXTURES) / "replication" / (situation + ".txt"));
  if (!file) throw std::runtime_error("no fixture " + situation);
  evenkeel::mysql::Rows rows;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    if (line == "*** row") {
      rows.rows.emplace_back();
      continue;
    }
    const std::size_t colon = line.find(':');
    if (rows.rows.empty() || colon == std::string::npos) throw std::runtime_error("odd line: " + line);
    const std::string value = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
    if (rows.rows.size() == 1) rows.columns.push_back(line.substr(0, colon));
    rows.rows.back().push_back(value == "NULL" ? evenkeel::mysql::Cell() : unescaped(value));
  }
  return rows;
}

// The same answer with one column changed in every row; nothing makes it NULL.
inline evenkeel::mysql::Rows with(evenkeel::mysql::Rows rows, const std::string& column,
                                  const evenkeel::mysql::Cell& value) {
  for (std::size_t i = 0; i < rows.columns.size(); ++i)
    if (rows.columns[i] == column) {
      for (auto& row : rows.rows) row.at(i) = value;
      return rows;
    }
  throw std::runtime_error("no column " + column);
}

}  // namespace fakes
