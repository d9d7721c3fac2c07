// The rows of one table that are known to differ.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "key_range.h"
#include "row_fetch.h"

namespace evenkeel::table_sync {

struct DriftedRow {
  KeyTuple key;
  // On which servers, by index, and how; the others agree.
  std::vector<std::pair<std::size_t, RowKind>> on;
};

// `servers` had a say; of groups of the same size, `reference` is right.
DriftedRow drifted_row(const RowDifference& row, const std::vector<std::size_t>& servers,
                       std::size_t reference);

// What a key takes in a state file.
std::size_t bytes_of(const KeyTuple& key);

// Counts every row once, and names as many as fit into memory and into a state file.
class Drift {
 public:
  // False where the row is known already; what is newer takes the place of what is older.
  bool add(DriftedRow row);
  // It has healed.
  void remove(const KeyTuple& key);
  bool names(const KeyTuple& key) const { return rows_.contains(key); }
  void set_unnamed(std::uint64_t count) { unnamed_ = count; }

  std::uint64_t count() const { return rows_.size() + unnamed_; }
  std::uint64_t unnamed() const { return unnamed_; }
  std::vector<DriftedRow> rows() const;

  static constexpr std::size_t max_named = 20000;
  static constexpr std::size_t max_key_bytes = 600000;

 private:
  std::map<KeyTuple, DriftedRow> rows_;
  std::size_t key_bytes_ = 0;
  std::uint64_t unnamed_ = 0;
};

}  // namespace evenkeel::table_sync
