// Compares one table on all servers that have it: chunk by chunk, from where the last run stopped to the end
// or until time is up.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chunk_size.h"
#include "confirmation.h"
#include "drill_down.h"
#include "load_guard.h"
#include "sync_settings.h"
#include "table_memory.h"

namespace evenkeel::table_sync {

// Rows by their keys, of which the first are kept.
struct SomeRows {
  std::uint64_t count = 0;
  std::vector<KeyTuple> first;

  void add(const std::vector<KeyTuple>& keys);
};

struct TableOutcome {
  std::shared_ptr<const ComparisonPlan> plan;
  Drift drift;
  bool whole_differs = false;  // a table without a key
  std::vector<std::size_t> whole_differs_on;
  std::uint64_t rows_compared = 0;
  SomeRows moving;
  // Rows that differ and held still until time ran out; of a table without a key, the table.
  SomeRows undecided;
  bool undecided_early = false;             // although most of the budget was left for them
  std::map<std::size_t, Failure> failures;  // servers that could not say anything of this table
  Coverage coverage;
  bool visited = false;
  bool finished = false;
  std::vector<std::string> remarks;
  std::vector<std::string> values;  // -vvv: differing columns, side by side
};

// How far a run has come, for whoever shows it.
struct Progress {
  std::atomic<std::uint64_t> rows = 0;
  std::atomic<std::uint64_t> tables_done = 0;
};

// What the comparisons of a run have in common.
struct ComparisonContext {
  Fleet& fleet;
  StopRequest& stop;
  const Settings& settings;
  Hashing hashing;
  Deadline budget;
  int verbosity = 0;
  Progress& progress;
};

class TableComparison {
 public:
  using Keep = std::function<void(const TableMemory&)>;

  // `servers` have the table; `keep` is called whenever more has been verified.
  TableComparison(ComparisonContext& context, Crew& crew, std::shared_ptr<const ComparisonPlan> plan,
                  std::vector<std::size_t> servers, TableMemory memory, Keep keep);

  TableOutcome run();

 private:
  void recheck_known();
  void recheck(std::map<KeyTuple, DriftedRow> rows);
  bool all_here(const DriftedRow& row) const;
  void compare_whole();
  void compare_ranges();
  bool time_is_up() const;
  std::chrono::duration<double> chunk_time() const;

  // The next range, cut on the server whose side is taken; nothing at the end, or where nobody can say.
  std::optional<KeyRange> cut();
  // False where the range has to be cut smaller and read again.
  bool compare(const KeyRange& range);
  bool compare_by_blocks(const KeyRange& range);
  bool compare_by_digest(const KeyRange& range);
  DrillDown::Take taker();
  // Whether the rows of a range that differs were found, by what `failures` say.
  bool drilled(const std::map<std::size_t, Failure>& failures);
  void finish_range(const KeyRange& range, std::uint64_t rows, double seconds);
  bool shrink(const std::map<std::size_t, Failure>& failures);

  void lose(const std::map<std::size_t, Failure>& failures);
  void pool(const std::vector<RowDifference>& rows, Deadline::Clock::time_point since);
  void confirm_pool();
  // Confirms what has gathered; only then what was read counts as verified.
  void flush();
  void take(const Confirmed& confirmed);
  bool is_early() const;
  void note_undecided(const std::vector<KeyTuple>& keys, bool early);
  // `verified`: all that was read so far is.
  void save(bool verified);
  void advance();
  void read_values();
  std::string side_by_side(const KeyTuple& key, const Answers<std::vector<RowValues>>& answers) const;

  ComparisonContext& context_;
  Crew& crew_;
  std::shared_ptr<const ComparisonPlan> plan_;
  std::vector<std::size_t> servers_;
  const std::size_t asked_;
  TableMemory memory_;
  Keep keep_;
  LoadGuard guard_;
  DrillDown drill_;
  Confirmation confirmation_;
  ChunkSize size_;

  TableOutcome outcome_;
  std::shared_ptr<RangeCutter> cutter_;
  Candidates pool_;
  std::vector<DriftedRow> stale_;  // known, and not to be looked at in this run
  std::optional<KeyTuple> at_;     // how far we have read
  bool at_end_ = false;
  bool whole_range_ = false;  // servers order the key differently
  bool differed_ = false;     // the last range did
  bool lost_candidates_ = false;
  bool owes_a_range_ = false;               // the budget went into what was known
  std::map<std::size_t, Failure> stalled_;  // what kept us from the last range
  double visited_before_us_ = 0;
  std::uint64_t rows_read_ = 0, rows_before_us_ = 0, unnamed_before_us_ = 0;
  Deadline::Clock::time_point saved_ = Deadline::Clock::now();
};

}  // namespace evenkeel::table_sync
