// One run over all tables: who takes part, in which order, by how many workers, and what is kept.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "definition_watch.h"
#include "evenkeel/check.h"
#include "same_server.h"
#include "sync_reading.h"
#include "sync_settings.h"

namespace evenkeel::table_sync {

class SyncRun {
 public:
  SyncRun(std::shared_ptr<mysql::SqlConnector> connector, std::vector<mysql::Login> logins,
          const Settings& settings, RunContext& context, std::shared_ptr<StopRequest> stop);

  SyncReading run();

 private:
  std::unique_ptr<Crew> new_crew() const;
  void look_who_answers(Crew& crew);
  void compare_tables(std::vector<TableReading>& tables, std::unique_ptr<Crew> first, DefinitionWatch& watch);
  // Takes tables until there are none left.
  void work(std::vector<TableReading>& tables, const std::vector<std::size_t>& order, Crew& crew);
  void compare(TableReading& table, Crew& crew);
  void compare_once(TableReading& table, Crew& crew);
  // After a table was changed while it was read: plans it anew. False where it need not be compared again.
  bool plan_anew(TableReading& table, Crew& crew, const Deadline& enough);
  // For a table that is changed again and again.
  Deadline share_of_budget() const;
  // A table that was changed whenever it was read, unless it only seemed so.
  static void leave_to_next_run(TableReading& table, bool never_changed);
  // Whether every server understands --where for this table.
  bool is_condition_understood(TableReading& table, Crew& crew, const std::vector<std::size_t>& servers);
  void note_failure(TableReading& table, std::size_t server, const Failure& failure);
  std::vector<std::size_t> participants(const TableReading& table) const;

  // What owes an answer first; then never visited ones, small before large; then whichever was visited
  // longest ago.
  std::vector<std::size_t> order_of(const std::vector<TableReading>& tables) const;
  void recall(std::vector<TableReading>& tables);
  void keep(const TableReading& table, TableMemory memory);
  std::string state_key(const TableName& table) const;

  std::shared_ptr<mysql::SqlConnector> connector_;
  std::vector<mysql::Login> logins_;
  const Settings& settings_;
  RunContext& context_;
  std::shared_ptr<StopRequest> stop_;
  std::size_t reference_;
  Fleet fleet_;
  Addresses addresses_;
  TableSelection selection_;
  Progress progress_;
  ComparisonContext comparison_;

  std::mutex mutex_;  // what follows, and the state store
  std::map<TableName, TableMemory> memories_;
  std::map<TableName, std::string> last_kept_;
  std::map<std::size_t, std::vector<Trace::Step>> steps_;
  bool asked_to_keep_ = false, kept_ = false;
  std::size_t next_ = 0;
  std::size_t working_ = 0;
};

std::size_t reference_of(const std::vector<mysql::Login>& logins, const Settings& settings);

}  // namespace evenkeel::table_sync
