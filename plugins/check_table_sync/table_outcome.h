// What a run says of one table.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "comparison_plan.h"
#include "coverage.h"
#include "crew.h"
#include "drift.h"
#include "key_range.h"

namespace evenkeel::table_sync {

// Rows by their keys, of which the first are kept.
struct SomeRows {
  std::uint64_t count = 0;
  std::vector<KeyTuple> first;

  void add(const std::vector<KeyTuple>& keys) {
    constexpr std::size_t kept = 10;
    count += keys.size();
    const std::size_t more = std::min(keys.size(), kept - std::min(kept, first.size()));
    first.insert(first.end(), keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(more));
  }
};

struct TableOutcome {
  std::shared_ptr<const ComparisonPlan> plan;
  Drift drift;
  bool at_least = false;       // more rows may differ than are counted: the pass has not come to its end
  bool whole_differs = false;  // a table without a key
  std::vector<std::size_t> whole_differs_on;
  std::uint64_t rows_compared = 0;
  SomeRows moving;
  SomeRows blocked;  // a server failed, or does not apply what the others have executed
  // Rows that differed, and never moved, until time ran out; of a table without a key, the table.
  SomeRows undecided;
  bool undecided_held = true;               // all of them held still, through a round at least
  bool undecided_early = false;             // although most of the budget was left for them
  bool undecided_again = false;             // an earlier run was not certain of one of them either
  std::vector<KeyRange> unexplained;        // checksums differ and hold still, and no row explains it
  std::vector<KeyRange> doubtful;           // the same, but time ran out before that was certain
  std::map<std::size_t, Failure> failures;  // servers that could not say anything of this table
  Coverage coverage;
  bool visited = false;
  bool compared = false;  // something of it was read on all servers, by this run
  bool finished = false;
  std::vector<std::string> remarks;
  std::vector<std::string> values;  // -vvv: differing columns, side by side
};

// What is known of a table without reading it again.
TableOutcome remembered(std::shared_ptr<const ComparisonPlan> plan, const struct TableMemory& memory);

}  // namespace evenkeel::table_sync
