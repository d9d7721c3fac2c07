// What of a selection with wildcards the account may see. Servers hide from it what it has no right on, so
// that a table which nobody may read looks like one that is not there.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "crew.h"
#include "dialect.h"
#include "evenkeel/mysql/sql_session.h"
#include "fleet.h"
#include "stop_request.h"
#include "table_definition.h"
#include "table_pattern.h"

namespace evenkeel::table_sync {

struct Visibility {
  bool everything = true;           // SELECT on all that the patterns mean
  bool databases_hidden = false;    // there may be more that the patterns mean
  std::set<std::string> shown;      // databases that the patterns mean, where it may read all tables
  std::set<std::string> partly;     // where it may read some
  std::set<std::string> closed;     // that it is told of and may not read
  std::set<std::string> withdrawn;  // MySQL's partial revokes: not even told of

  bool shows(const std::string& database) const {
    return shown.contains(database) || partly.contains(database);
  }
};

// Asks with statements that touch no data. Needs no privilege.
Visibility read_visibility(mysql::SqlSession& session, const Dialect& dialect,
                           const TableSelection& selection, const TableDefinitions& definitions);

// What the account sees and which GRANT shows it the rest; empty where it sees everything.
std::string visibility_text(const Visibility& visibility, const std::string& account);

// A database that other servers show and this one does not.
struct HiddenDatabase {
  std::size_t server = 0;
  std::string database;
  bool missing = false;  // else the account may not read it, or the server could not be asked about it
  std::string text;
};

// Databases without a table are looked at again after `patience` seconds; of missing ones with tables, the
// tables tell. Servers that do not answer are lost.
std::vector<HiddenDatabase> hidden_databases(Crew& crew, Fleet& fleet, StopRequest& stop,
                                             const std::vector<Visibility>& visibility,
                                             const std::vector<TableDefinitions>& definitions,
                                             double patience);

}  // namespace evenkeel::table_sync
