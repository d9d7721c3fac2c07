// Drift in words: "db3 differs in 200 rows (id 10, 11, 12, …); db1 = db2".
#pragma once

#include <string>
#include <vector>

#include "comparison_plan.h"
#include "drift.h"

namespace evenkeel::table_sync {

// `servers` have the table, by index into `names`. At most `keys` keys are named of each group of rows.
// `at_least`: there may be more rows than those that were counted.
std::string drift_text(const ComparisonPlan& plan, const Drift& drift, const std::vector<std::string>& names,
                       const std::vector<std::size_t>& servers, std::size_t keys, bool at_least = false);

// Numbers by value; what comes first in a table is named first.
bool comes_first(const KeyTuple& a, const KeyTuple& b);

// "db1, db2"
std::string joined(const std::vector<std::string>& words, const char* separator = ", ");
// "1 row", "2 rows"
std::string counted(std::uint64_t count, const std::string& noun);
// "id 10, 11, …"
std::string keys_text(const ComparisonPlan& plan, const std::vector<KeyTuple>& keys, std::uint64_t of_count);

}  // namespace evenkeel::table_sync
