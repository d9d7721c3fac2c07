#include "host_digest.h"

#include <algorithm>

#include "column_name.h"

namespace evenkeel::table_sync {

DefinitionComparison plan_for_digest(const TableName& table, const DefinitionOn& host,
                                     const TableSelection& selection, const std::string& where) {
  DefinitionComparison comparison = compare_definitions(table, {host}, 0, selection, where);
  if (!comparison.plan) return comparison;
  // The order of columns may differ from host to host.
  std::sort(comparison.plan->columns.begin(), comparison.plan->columns.end(),
            [](const ComparedColumn& a, const ComparedColumn& b) {
              return folded_column(a.name) < folded_column(b.name);
            });
  return comparison;
}

HostDigest host_digest(const ComparisonPlan& plan, const Hashing& hashing, const ChunkDigest& whole) {
  HostDigest result;
  for (const KeyColumn& column : plan.key) result.key += (result.key.empty() ? "" : ", ") + column.name;
  if (result.key.empty()) result.key = "no key";
  result.rows = whole.rows;
  result.digest = whole.first.hex();
  if (hashing.strength == Strength::strong) result.digest += whole.second.hex();
  return result;
}

}  // namespace evenkeel::table_sync
