// What a run found, before anyone judges it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "definition_comparison.h"
#include "evenkeel/mysql/server_identity.h"
#include "host_digest.h"
#include "table_comparison.h"
#include "unmatched_names.h"
#include "visibility.h"

namespace evenkeel::table_sync {

struct TableReading {
  TableName table;
  // Indexes in it are servers of the run.
  DefinitionComparison definition;
  std::map<std::size_t, std::string> denied;  // where the account may not read it: what to grant
  TableOutcome outcome;                       // from memory where time did not allow more
  double weight = 1;
  // Where it may be in flight, for the server could not be made to catch up: not compared there.
  std::set<std::size_t> unsettled;
  // Missing or different on a server, but time ran out before that was certain.
  std::vector<std::pair<std::size_t, std::string>> doubts;
  // What servers have against --where, by server: not compared.
  std::map<std::size_t, std::string> condition;
  std::string called;     // named in --table and on no server: what one in another case is called
  bool restless = false;  // it was there, and other each time it was looked at
  double verified = 0;    // when an earlier run has compared it, in Unix time; 0: never, or not known
  bool gone = false;      // dropped everywhere while the run looked at it
};

struct ServerReading {
  std::string name;
  std::optional<Failure> failure;
  std::optional<std::string> not_applying;
  std::string grant;  // what would help against the failure, where we know it
  std::string version;
  mysql::ServerIdentity identity;
  std::string visible;  // what the account sees, where that is not all
  std::vector<Trace::Step> steps;
};

struct SyncReading {
  std::vector<ServerReading> servers;
  std::size_t reference = 0;
  std::vector<TableReading> tables;
  std::vector<UnmatchedName> unmatched;
  std::vector<HiddenDatabase> hidden;
  std::vector<TableName> sequences;
  std::vector<std::string> remarks;
  bool budget_over = false;
  bool keeps_state = true;
};

// --digest
struct HostReading {
  ServerReading server;
  struct Table {
    TableName table;
    std::optional<HostDigest> digest;
    std::string problem;  // where there is none
    Status status = Status::unknown;
    std::vector<std::string> remarks;
  };
  std::vector<Table> tables;
  std::vector<UnmatchedName> unmatched;
  std::vector<std::string> remarks;
};

}  // namespace evenkeel::table_sync
