// The definitions of some tables, asked for by name: for a second look at them.
#pragma once

#include <map>
#include <set>
#include <string>

#include "table_definition.h"

namespace evenkeel::table_sync {

struct NamedDefinition {
  TableDefinition definition;
  std::string text;  // all that two looks at the table would show to have changed
};
using NamedDefinitions = std::map<TableName, NamedDefinition>;

// Those of `names` that are there, complete: a table that is dropped while it is described is not there.
NamedDefinitions read_named_definitions(mysql::SqlSession& session, const Dialect& dialect,
                                        const std::set<TableName>& names);

}  // namespace evenkeel::table_sync
