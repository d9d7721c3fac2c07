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
#include "unnamed_rows.h"

namespace evenkeel::table_sync {

struct TableMemory {
  std::optional<KeyTuple> position;  // how far the pass has come; nothing: it starts at the beginning
  std::uint64_t rows = 0;            // compared in this pass so far
  double share = 0;                  // of the table, so far
  Coverage coverage;
  double visited = 0;             // Unix time; 0: never
  std::vector<DriftedRow> drift;  // known, until it is read again; what is to be read first stands first
  UnnamedRows unnamed;            // beyond those; of this pass up to `rows`, behind that of the one before
  bool whole_differs = false;     // a table without a key
  std::vector<std::size_t> whole_differs_on;  // and on which servers, where that is known
  // What differed, and time ran out before that was certain: it is first in the next run.
  std::vector<KeyTuple> undecided;
  std::vector<KeyTuple> passed_by;  // those of them that the pass, or the last one, went past without a word
  bool undecided_whole = false;     // a table without a key
  std::vector<KeyRange> doubtful;   // checksums differ there, and no row that was read explains it
  std::uint64_t chunk_rows = 0;     // what fitted into --chunk-time

  // JSON, at most StateStore::max_payload.
  std::string text(const std::string& fingerprint) const;
  // Nothing where it is garbage, or was written for another plan: the table is started anew.
  static std::optional<TableMemory> parse(std::string_view text, const ComparisonPlan& plan,
                                          std::size_t servers);
  // When it was visited, for whatever plan; 0 where that is not known.
  static double visited_in(std::string_view text);
  // Of two runs at once: what either has found stays until it has been read again.
  void add_findings_of(const TableMemory& other);
  bool owes_an_answer() const { return !undecided.empty() || undecided_whole || !doubtful.empty(); }

  static constexpr std::size_t max_undecided = 2000;
  static constexpr std::size_t max_undecided_bytes = 60000;
  static constexpr std::size_t max_doubtful = 5;
  // As many of these as there is room for. False where some are left out.
  bool keep_undecided(const std::vector<KeyTuple>& keys);
};

}  // namespace evenkeel::table_sync
