// Schema first: is it the same table on all servers, and what of it can be compared?
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "comparison_plan.h"
#include "table_definition.h"

namespace evenkeel::table_sync {

// The table on one server; no definition: it is not there.
struct DefinitionOn {
  std::string server;  // how reports call it
  Dialect dialect;
  const TableDefinition* definition = nullptr;
};

struct DefinitionDifference {
  std::size_t server = 0;  // index into what was given
  std::string text;        // "column note: varchar(100) utf8mb4_bin instead of varchar(120) utf8mb4_bin"
};

struct DefinitionComparison {
  TableName table;
  std::vector<std::size_t> missing_on;            // CRITICAL each
  std::vector<DefinitionDifference> differences;  // WARNING each; against the reference or, where it
                                                  // lacks the table, the first server that has it
  std::vector<std::string> remarks;               // "no usable key: compared whole, no rows named"
  // Over the servers that have the table; nothing where fewer than two (of several) have it, or where no
  // column is in common.
  std::optional<ComparisonPlan> plan;
};

// `servers[reference]` is what the others are held against. Names that differ between families alone
// (int(11) and int, utf8 and utf8mb3, current_timestamp(), json and its longtext) are no difference.
DefinitionComparison compare_definitions(const TableName& table, const std::vector<DefinitionOn>& servers,
                                         std::size_t reference, const TableSelection& selection,
                                         const std::string& where);

// The column type without what only some versions print; for tests. "int(11) unsigned" → "int unsigned".
std::string normal_type(const Column& column);

}  // namespace evenkeel::table_sync
