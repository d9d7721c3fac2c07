// What one run leaves for the next, about one table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "comparison_plan.h"
#include "coverage.h"
#include "drift.h"
#include "key_range.h"

namespace evenkeel::table_sync {

struct TableMemory {
  std::optional<KeyTuple> position;  // how far the pass has come; nothing: it starts at the beginning
  std::uint64_t rows = 0;            // compared in this pass so far
  double share = 0;                  // of the table, so far
  Coverage coverage;
  double visited = 0;                // Unix time; 0: never
  std::vector<DriftedRow> drift;     // known, until it is read again
  std::uint64_t unnamed = 0;         // in this pass, beyond those
  std::uint64_t unnamed_before = 0;  // in the pass before
  bool whole_differs = false;        // a table without a key
  std::uint64_t chunk_rows = 0;      // what fitted into --chunk-time

  // JSON, at most StateStore::max_payload.
  std::string text(const std::string& fingerprint) const;
  // Nothing where it is garbage, or was written for another plan: the table is started anew.
  static std::optional<TableMemory> parse(std::string_view text, const ComparisonPlan& plan,
                                          std::size_t servers);
  // Of two runs at once: what either has found stays until it has been read again.
  void add_drift_of(const TableMemory& other);
};

}  // namespace evenkeel::table_sync
