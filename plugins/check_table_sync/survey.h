// The first questions to every server: who it is, which of the selected tables it has, what they look like.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "crew.h"
#include "fleet.h"
#include "sync_reading.h"
#include "table_definition.h"
#include "table_pattern.h"
#include "visibility.h"

namespace evenkeel::table_sync {

struct Survey {
  Survey(std::size_t servers, const StopRequest& stop)
      : stop(stop),
        definitions(servers),
        partly_visible(servers),
        columns_unknown(servers),
        with_column_rights(servers),
        versions(servers),
        visibility(servers) {}

  const StopRequest& stop;  // of the run, for what is asked on from here
  std::vector<TableDefinitions> definitions;
  // By server; empty where it is lost.
  std::vector<std::set<TableName>> partly_visible;            // the account sees some of their columns only
  std::vector<std::map<TableName, Failure>> columns_unknown;  // or may, for the question failed
  std::vector<std::set<TableName>> with_column_rights;        // it may have no right on others
  std::set<TableName> left_out;                               // by --ignore-table, of any server
  std::vector<std::string> versions;
  std::vector<Visibility> visibility;
  std::set<TableName> sequences;  // of any server
};

// Fills in the fleet; servers that do not answer within `patience` seconds are lost, and those that do not
// show replication status where it is needed.
Survey survey(Crew& crew, Fleet& fleet, const StopRequest& stop, const TableSelection& selection,
              double patience, bool needs_status);

// How a table looks on these servers; `definition_on` gives nullptr where a server lacks it. Indexes in the
// result are servers of the run.
DefinitionComparison compare_on_servers(
    const Fleet& fleet, const std::vector<std::size_t>& servers, const TableName& table,
    const std::function<const TableDefinition*(std::size_t server)>& definition_on,
    const TableSelection& selection, const std::string& where);

// Tables of any server, and those named that none has; each compared by definition over the servers that
// answer. A table that seems to be missing may be one that the account may not see: that is found out, and
// servers that are lost over it are lost.
std::vector<TableReading> tables_of(Crew& crew, Fleet& fleet, const Survey& survey,
                                    const TableSelection& selection, const std::string& where);

}  // namespace evenkeel::table_sync
