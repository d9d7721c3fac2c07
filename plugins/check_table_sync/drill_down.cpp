#include "drill_down.h"

#include <algorithm>

namespace evenkeel::table_sync {

namespace {

// Fewer rows than this are fewer bytes than their buckets.
constexpr std::uint64_t few_rows = 500;

}  // namespace

Answers<std::vector<BucketDigest>> DrillDown::buckets(const KeyRange& range, std::uint32_t count,
                                                      const std::vector<std::size_t>& servers) {
  return ask_all<std::vector<BucketDigest>>(
      crew_, servers, bucket_digests_sql(*plan_, hashing_, range, count), bucket_digests_from);
}

std::map<std::size_t, Failure> DrillDown::rows(const KeyRange& range, std::uint64_t row_count,
                                               const std::vector<std::size_t>& servers, const Take& take) {
  const std::uint32_t count = bucket_count(row_count);
  if (row_count <= few_rows || count < 2)
    return fetch(row_digests_sql(*plan_, hashing_, range), servers, take);
  const auto answers = buckets(range, count, servers);
  if (!answers.failures.empty()) return answers.failures;
  return rows_of(range, count, answers.values, servers, take);
}

std::map<std::size_t, Failure> DrillDown::rows_of(const KeyRange& range, std::uint32_t count,
                                                  const std::vector<std::vector<BucketDigest>>& buckets,
                                                  const std::vector<std::size_t>& servers, const Take& take) {
  std::map<std::uint32_t, std::uint64_t> rows_in;
  for (const std::uint32_t bucket : differing_buckets(buckets)) rows_in[bucket] = 0;
  for (const auto& of_server : buckets)
    for (const BucketDigest& bucket : of_server)
      if (const auto it = rows_in.find(bucket.bucket); it != rows_in.end())
        it->second = std::max(it->second, bucket.digest.rows);

  std::vector<std::uint32_t> wanted;
  std::uint64_t rows = 0;
  for (auto it = rows_in.begin(); it != rows_in.end();) {
    wanted.push_back(it->first);
    rows += it->second;
    ++it;
    const bool full = wanted.size() == max_buckets_per_fetch || rows >= max_rows_per_fetch;
    if (!full && it != rows_in.end()) continue;
    auto failures = fetch(row_digests_sql(*plan_, hashing_, range, count, wanted), servers, take);
    if (!failures.empty()) return failures;
    wanted.clear();
    rows = 0;
  }
  return {};
}

std::map<std::size_t, Failure> DrillDown::fetch(const std::string& sql,
                                                const std::vector<std::size_t>& servers, const Take& take) {
  const auto plan = plan_;
  const auto answers = ask_all<RowDigests>(
      crew_, servers, sql, [plan](const mysql::Rows& rows) { return row_digests_from(*plan, rows); });
  if (answers.failures.empty()) take(differing_rows(*plan_, answers.values));
  return answers.failures;
}

}  // namespace evenkeel::table_sync
