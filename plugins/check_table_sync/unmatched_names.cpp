#include "unmatched_names.h"

#include <algorithm>

#include "evenkeel/text.h"
#include "fleet.h"
#include "survey.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t name_bytes = 200;

bool any_table(const Survey& survey, const NamePattern& pattern) {
  return std::any_of(
      survey.definitions.begin(), survey.definitions.end(), [&](const TableDefinitions& tables) {
        return std::any_of(tables.begin(), tables.end(),
                           [&](const auto& table) { return pattern.means_table(table.first); });
      });
}

bool any_column(const Survey& survey, const NamePattern& pattern) {
  return std::any_of(survey.definitions.begin(), survey.definitions.end(),
                     [&](const TableDefinitions& tables) {
                       return std::any_of(tables.begin(), tables.end(), [&](const auto& table) {
                         const auto& columns = table.second.columns;
                         return std::any_of(columns.begin(), columns.end(), [&](const Column& column) {
                           return pattern.means_column(table.first, column.name);
                         });
                       });
                     });
}

// Servers do not tell of columns that the account has no right on.
bool may_be_hidden(const Survey& survey, const NamePattern& pattern) {
  return std::any_of(survey.with_column_rights.begin(), survey.with_column_rights.end(),
                     [&](const auto& tables) {
                       return std::any_of(tables.begin(), tables.end(),
                                          [&](const TableName& table) { return pattern.means_table(table); });
                     });
}

bool is_left_out(const Survey& survey, const NamePattern& pattern) {
  return std::any_of(survey.left_out.begin(), survey.left_out.end(),
                     [&](const TableName& table) { return pattern.means_table(table); });
}

}  // namespace

std::vector<UnmatchedName> unmatched_names(const Survey& survey, const Fleet& fleet,
                                           const TableSelection& selection) {
  std::vector<UnmatchedName> unmatched;
  for (const NamePattern& pattern : selection.tables())
    if (!pattern.literal() && !any_table(survey, pattern) && !is_left_out(survey, pattern))
      unmatched.push_back({true, "no table matches " + clean(pattern.text(), name_bytes) +
                                     ": there is none, or the account may not SELECT from it"});
  if (fleet.answering().size() < fleet.size()) return unmatched;
  for (const NamePattern& pattern : selection.ignored_tables())
    if (!is_left_out(survey, pattern))
      unmatched.push_back(
          {false, "--ignore-table: no table of --table matches " + clean(pattern.text(), name_bytes), true});
  for (const NamePattern& pattern : selection.ignored_columns()) {
    if (any_column(survey, pattern) || may_be_hidden(survey, pattern)) continue;
    const std::string name = clean(pattern.text(), name_bytes);
    if (any_table(survey, pattern))
      unmatched.push_back({pattern.literal(), "--ignore-column: no column matches " + name, true});
    else
      unmatched.push_back({pattern.literal() && !is_left_out(survey, pattern),
                           "--ignore-column: no table that is compared matches " + name, true});
  }
  return unmatched;
}

}  // namespace evenkeel::table_sync
