// Names in --table, --ignore-table and --ignore-column that mean nothing on any server.
#pragma once

#include <string>
#include <vector>

#include "table_pattern.h"

namespace evenkeel::table_sync {

class Fleet;
struct Survey;

struct UnmatchedName {
  bool is_wrong = false;  // else a remark: what a wildcard leaves out may come and go
  std::string text;
  bool leaves_out = false;  // one of --ignore-table and --ignore-column

  bool operator==(const UnmatchedName&) const = default;
};

// A table named without a wildcard in --table is not among them: it is missing. Nothing is said of what is
// left out while a server does not answer: it may have it.
std::vector<UnmatchedName> unmatched_names(const Survey& survey, const Fleet& fleet,
                                           const TableSelection& selection);

}  // namespace evenkeel::table_sync
