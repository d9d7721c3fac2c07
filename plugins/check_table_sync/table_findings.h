// The rows of one table that differ: those that earlier runs know of, those that this run finds, and what
// becomes of each. Only what is certain, or kept for the next run, counts as verified.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "comparison_context.h"
#include "confirmation.h"
#include "doubt_settling.h"
#include "drill_down.h"
#include "table_memory.h"
#include "table_outcome.h"

namespace evenkeel::table_sync {

class TableFindings {
 public:
  using Lose = std::function<void(const std::map<std::size_t, Failure>&)>;

  // All that is referred to outlives this. `servers` shrinks as `lose` is called.
  TableFindings(ComparisonContext& context, std::shared_ptr<const ComparisonPlan> plan, DrillDown& drill,
                Confirmation& confirmation, const std::vector<std::size_t>& servers, Lose lose,
                TableMemory& memory, TableOutcome& outcome);

  // What was found once stays until it has been read again; that comes first.
  void look_at_known();

  // Rows of the range at hand that differ. False: there are more than can be confirmed at once; the range is
  // to be cut smaller, or `in_one_piece`, where that cannot be, they have been confirmed.
  bool stage(const std::vector<RowDifference>& rows, Deadline::Clock::time_point since, bool in_one_piece);
  // The range is read, with so many rows; or it has to be read again.
  void keep_staged();
  void drop_staged();
  std::size_t staged() const { return staged_.size(); }

  // So many rows can be confirmed in what is left of the run.
  std::size_t room() const;
  bool is_full() const { return pool_.size() >= room(); }
  bool empty() const { return pool_.empty() && doubts_.empty(); }

  // Confirms all that has gathered. Whether all of it is certain or kept.
  bool confirm();

  // Of what was confirmed since it was last taken: rows beyond those with a name.
  std::uint64_t unnamed() const { return unnamed_; }
  std::uint64_t take_unnamed() { return std::exchange(unnamed_, unnamed_before_range_ = 0); }
  // The pass goes past what has been read so far.
  void pass_by_owed();
  // What the next run has to know; what was not looked at in this run stands first.
  void write_to(TableMemory& memory) const;

 private:
  void look_at_undecided();
  void count_passed(const std::set<KeyTuple>& passed);
  void look_at_doubtful();
  void look_at_drift();
  void recheck(const std::vector<DriftedRow>& rows);
  bool all_here(const DriftedRow& row) const;
  bool time_is_up() const { return context_.stop.made() || servers_.size() < 2; }

  void pool_staged();
  void pool_new(const std::vector<KeyTuple>& keys);
  bool confirm_pool(bool early);
  bool settle_doubts();
  // Ranges that held still, whose rows turned out to be equal.
  void judge_held(const std::vector<SettledDoubts::Held>& held);
  void add_unexplained(const KeyRange& range);
  void take(const Confirmed& confirmed);
  bool keep_open(const Confirmed& confirmed, bool early);
  std::size_t confirmable_in(double seconds) const;
  void learn(std::size_t rows, double hold, Deadline::Clock::time_point began);
  bool is_early() const;

  ComparisonContext& context_;
  std::shared_ptr<const ComparisonPlan> plan_;
  DrillDown& drill_;
  Confirmation& confirmation_;
  const std::vector<std::size_t>& servers_;
  Lose lose_;
  TableMemory& memory_;
  TableOutcome& outcome_;

  Candidates staged_, pool_;
  std::vector<Doubt> doubts_;
  std::vector<SettledDoubts::Held> held_;  // until their rows are confirmed
  std::set<KeyTuple> equal_, told_;        // by the confirmation at hand
  std::set<KeyTuple> looked_at_;
  std::set<KeyTuple> owed_;  // undecided by now
  std::set<KeyTuple> staged_owed_,
      passed_owed_;                 // undecided rows in the range at hand, and in those before it
  std::vector<KeyTuple> nameless_;  // drift of the last confirmation that is only counted
  bool certain_ = true;             // what was confirmed in the middle of a range
  std::uint64_t unnamed_ = 0;
  std::uint64_t unnamed_before_range_ = 0;  // what counts if the range at hand has to be read again
  // Of a confirmation; per row it is not known before the first of more than a few rows.
  double seconds_fixed_ = 1;
  std::optional<double> seconds_per_row_;
};

}  // namespace evenkeel::table_sync
