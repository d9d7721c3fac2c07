// Reads what is in doubt again, as rows are confirmed: a row in flight has arrived by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "confirmation.h"
#include "doubt.h"
#include "drill_down.h"

namespace evenkeel::table_sync {

struct SettledDoubts {
  struct Held {
    KeyRange range;
    std::vector<KeyTuple> rows;  // of it that differ
    bool explained = false;      // by them, to the last digit
  };
  std::vector<Held> held;           // differs, and held still
  std::vector<KeyTuple> rows;       // that differ in parts that move
  std::vector<KeyRange> moving;     // and no row of it differed when it was read
  std::vector<KeyRange> undecided;  // time ran out, or a server could not be compared
  std::map<std::size_t, Failure> failures;
};

SettledDoubts settle(const std::vector<Doubt>& doubts, DrillDown& drill, Confirmation& confirmation,
                     const std::shared_ptr<const ComparisonPlan>& plan, const Hashing& hashing,
                     const std::vector<std::size_t>& servers);

}  // namespace evenkeel::table_sync
