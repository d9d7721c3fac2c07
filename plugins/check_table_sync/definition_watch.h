// Looks again at tables that a server lacks, or that look different on one, until each is known to be so or
// was merely in flight.
//
// Why this is sound. DDL is part of the history that servers of one replication tree apply, and whether a
// table is there, and what it looks like, changes with the position like a row does. So a table is watched
// like a row (row_watch.h): between two looks every server applies at least what all the others had executed
// at the first of them, and what differs must hold still over as many rounds, at random times. A table that
// is dropped and created again in a loop is a row that toggles.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "replica_rounds.h"
#include "sync_reading.h"
#include "table_pattern.h"

namespace evenkeel::table_sync {

class DefinitionWatch {
 public:
  DefinitionWatch(Fleet& fleet, StopRequest& stop, double patience, const TableSelection& selection,
                  std::string where);

  // A table that is missing somewhere, or not the same everywhere.
  static bool is_doubtful(const TableReading& table);

  // Watches these tables until each is settled or time is up; may be called again, with more tables or none,
  // to go on with those that are not. One that shows other columns time and again is watched until `enough`:
  // it may have a quiet moment.
  void settle(Crew& crew, const std::vector<TableReading*>& tables, const Deadline& until,
              const Deadline& enough);
  // What is open still is a doubt, and no finding.
  void finish();
  bool all_settled() const { return open_.empty(); }

 private:
  struct Look;
  struct Watched {
    TableReading* table = nullptr;
    RowWatch watch;
    DefinitionComparison last;  // as it was seen last; indexes are servers of the fleet
    bool expected = false;      // missing everywhere, although it was named
    bool was_missing = false;   // somewhere, at some time
  };

  std::vector<Look> look(Crew& crew, std::vector<std::size_t>& servers);
  // True where the table need not be watched any more.
  bool see(Watched& watched, const std::vector<Look>& looks, const std::vector<std::size_t>& servers,
           ConfirmRules rules);
  bool is_of_concern(const Watched& watched) const;
  DefinitionComparison compare(const TableReading& table, const std::vector<Look>& looks,
                               const std::vector<std::size_t>& servers) const;
  RowSight sight_of(const Watched& watched, const std::vector<Look>& looks,
                    const std::vector<std::size_t>& servers) const;
  void close(Watched& watched, RowWatch::Verdict verdict);
  static void forget(TableReading& table);
  // A server that could not be compared has no say: what differs on it may be in flight.
  void leave_out(const std::vector<std::size_t>& servers);

  Fleet& fleet_;
  StopRequest& stop_;
  double patience_;
  double patience_with_moving_ = 0;
  const TableSelection& selection_;
  std::string where_;
  std::map<TableName, Watched> open_;
};

}  // namespace evenkeel::table_sync
