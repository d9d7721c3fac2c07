// What confirmation has seen of one row that differs, until it is known whether it is drift.
//
// Why this is sound. Servers of one replication tree apply one history of a row, h(position). A round reads
// the row on every server, then takes each server's position, then lets every server apply at least what all
// the others had executed by then, and the next round reads again. Let U and V differ in two rounds in a row,
// with the same two values u and v, without drift: u = h(p), v = h(q), say p before q; then the row changed
// between p and q. By the next read U is at or behind q, and shows u again: so the row changed a second time,
// back. A row that is merely in flight changes once and cannot do that; it takes no knowledge of who is whose
// source, and no server needs to be ahead. What is left are rows that toggle: each round would have to catch
// two of their changes, with the same two values in the same places. Rounds come at random times, for a
// toggler cannot keep step with them; the best one (each value half or a third of the time, faster than we
// read) gets through a round with a probability of at most 4/27, and through all rounds with less than 1e-9.
// Where nothing can be waited for (servers that share no history), rows must hold still for --confirm
// seconds; there the query that found the row counts as the first look at it.
//
// Why it is complete: a row that holds still and differs shows the same values in every round.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace evenkeel::table_sync {

// The digest of a row on each server, by index; nothing where the row is not there.
using RowSight = std::vector<std::optional<std::string>>;

struct ConfirmRules {
  int rounds = 12;      // in a row with the same values, after the first
  double hold = 0;      // and for at least so many seconds
  double patience = 3;  // a row that moves for longer is unconfirmed, and
  int moves = 3;        // at least so often: on a slow machine one round takes longer than patience
};

class RowWatch {
 public:
  enum class Verdict {
    open,   // read it again
    equal,  // was in flight, or has healed
    drift,
    moving,
  };

  RowWatch() = default;
  // It was seen before, at `earlier`: where it shows the same then, it has held still since.
  RowWatch(RowSight sight, double earlier) : still_since_(earlier), sight_(std::move(sight)) {}

  // One server's sight may be void (it failed): what counts is `servers`. `now` in seconds of a steady clock.
  Verdict see(RowSight sight, const std::vector<std::size_t>& servers, const ConfirmRules& rules, double now);

  const RowSight& sight() const { return sight_; }
  double still_since() const { return still_since_; }
  // Through a round at least: what is merely in flight cannot.
  bool held_still() const { return still_rounds_ > 0; }
  // It showed other values from one sight to the next, and has not held still for long since.
  bool is_moving() const { return moves_ > 0 && still_rounds_ < rounds_of_rest; }

 private:
  static constexpr int rounds_of_rest = 6;

  double since_ = 0;        // the first sight; how long that took says nothing of the row
  double still_since_ = 0;  // the first sight of these values
  int still_rounds_ = -1;   // -1: not seen yet
  int moves_ = 0;
  RowSight sight_;
};

}  // namespace evenkeel::table_sync
