#include "drift.h"

#include <algorithm>

namespace evenkeel::table_sync {

DriftedRow drifted_row(const RowDifference& row, const std::vector<std::size_t>& servers,
                       std::size_t reference) {
  RowDifference seen{row.key, {}};
  std::size_t reference_at = 0;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (servers[i] == reference) reference_at = i;
    seen.digests.push_back(row.digests[servers[i]]);
  }
  const std::vector<std::size_t> wrong = outvoted(seen, reference_at);
  // What the right ones have decides between missing and extra.
  std::size_t right = 0;
  while (right + 1 < servers.size() && std::find(wrong.begin(), wrong.end(), right) != wrong.end()) ++right;
  DriftedRow result{row.key, {}};
  for (const std::size_t i : wrong) result.on.emplace_back(servers[i], kind_of(seen, i, right));
  return result;
}

std::size_t bytes_of(const KeyTuple& key) {
  std::size_t bytes = 16;
  for (const std::string& value : key) bytes += value.size() + 3;
  return bytes;
}

bool Drift::add(DriftedRow row) {
  if (const auto known = rows_.find(row.key); known != rows_.end()) {
    known->second = std::move(row);
    return false;
  }
  const std::size_t bytes = bytes_of(row.key);
  if (rows_.size() >= max_named || key_bytes_ + bytes > max_key_bytes) {
    ++unnamed_;
    return true;
  }
  key_bytes_ += bytes;
  KeyTuple key = row.key;
  rows_.emplace(std::move(key), std::move(row));
  return true;
}

void Drift::remove(const KeyTuple& key) {
  if (rows_.erase(key) > 0) key_bytes_ -= bytes_of(key);
}

std::vector<DriftedRow> Drift::rows() const {
  std::vector<DriftedRow> rows;
  rows.reserve(rows_.size());
  for (const auto& [key, row] : rows_) rows.push_back(row);
  return rows;
}

}  // namespace evenkeel::table_sync
