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

bool Drift::add(DriftedRow row) {
  if (keys_.contains(row.key)) return false;
  std::size_t bytes = 16;
  for (const std::string& value : row.key) bytes += value.size() + 3;
  if (rows_.size() >= max_named || key_bytes_ + bytes > max_key_bytes) {
    ++unnamed_;
    return true;
  }
  key_bytes_ += bytes;
  keys_.insert(row.key);
  rows_.push_back(std::move(row));
  return true;
}

}  // namespace evenkeel::table_sync
