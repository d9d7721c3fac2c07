// Compares one table on all servers that have it: chunk by chunk, from where the last run stopped to the end
// or until time is up.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chunk_size.h"
#include "comparison_context.h"
#include "confirmation.h"
#include "drill_down.h"
#include "load_guard.h"
#include "table_findings.h"
#include "table_memory.h"
#include "table_outcome.h"

namespace evenkeel::table_sync {

class TableComparison {
 public:
  using Keep = std::function<void(const TableMemory&)>;

  // `servers` have the table; `keep` is called whenever more has been verified.
  TableComparison(ComparisonContext& context, Crew& crew, std::shared_ptr<const ComparisonPlan> plan,
                  std::vector<std::size_t> servers, TableMemory memory, Keep keep);

  TableOutcome run();

 private:
  void look_at_known();
  void compare_whole();
  void keep_known_whole();
  void judge_whole(const Confirmed& confirmed, bool early);
  void compare_ranges();
  bool time_is_up() const;
  double seconds_for_range() const;

  // The next range, cut on the server whose side is taken; nothing at the end, or where nobody can say.
  std::optional<KeyRange> cut();
  std::uint64_t rows_wanted() const;
  // False where the range has to be cut smaller and read again.
  bool compare(const KeyRange& range);
  bool compare_by_blocks(const KeyRange& range);
  bool compare_by_digest(const KeyRange& range);
  DrillDown::Take taker();
  // Whether the rows of a range that differs were found, by what `failures` say.
  bool drilled(const std::map<std::size_t, Failure>& failures);
  // More rows of it differ than can be confirmed at once.
  void cut_smaller();
  // Rows that only one server has may all lie between two keys of the one that ranges are cut on.
  bool in_one_piece() const { return whole_range_ || cuts_ >= 3; }
  void finish_range(const KeyRange& range, std::uint64_t rows, double seconds);
  bool shrink(const std::map<std::size_t, Failure>& failures);

  // Whether servers, and not what else the run had to do, kept us from the table.
  bool was_kept_from_it() const;
  void lose(const std::map<std::size_t, Failure>& failures);
  // Confirms what has gathered; only then what was read counts as verified.
  void flush();
  // `verified`: all that was read so far is.
  void save(bool verified);
  void advance();
  void count_unnamed();
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
  TableFindings findings_;
  std::shared_ptr<RangeCutter> cutter_;
  std::optional<KeyTuple> at_;  // how far we have read
  bool at_end_ = false;
  bool pass_ended_ = false;
  bool verified_ = true;                    // all that was read so far
  bool whole_range_ = false;                // servers order the key differently
  bool differed_ = false;                   // the last range did
  bool too_many_ = false;                   // rows of the range at hand
  int cuts_ = 0;                            // of the range at hand, for that reason
  double density_ = 0;                      // of rows that differ, in the last range
  bool owes_a_range_ = false;               // whatever the budget goes into
  bool early_ = false;                      // we began with most of the budget left
  std::map<std::size_t, Failure> stalled_;  // what kept us from the last range
  double waited_ = 0;                       // seconds, for reads that came to nothing
  double visited_before_us_ = 0;
  std::uint64_t rows_read_ = 0, rows_before_us_ = 0;
  Deadline::Clock::time_point saved_ = Deadline::Clock::now();
};

}  // namespace evenkeel::table_sync
