#include "drill_down.h"

#include <bit>
#include <iterator>
#include <utility>

#include "integer_key.h"

namespace evenkeel::table_sync {

namespace {

// Fewer rows than this are fewer bytes than their buckets.
constexpr std::uint64_t few_rows = 500;
// In one answer. More of them: cells are too narrow for how sparse the keys are here.
constexpr std::size_t most_blocks = 20000;

bool reads_whole(const Suspect& suspect) { return suspect.cells.empty(); }

}  // namespace

bool DrillDown::Blocks::differ() const {
  const auto same = [](const BlockDigest& a, const BlockDigest& b) {
    return a.block == b.block && a.digest == b.digest;
  };
  return std::any_of(answers.values.begin(), answers.values.end(), [&](const auto& blocks) {
    return !std::equal(blocks.begin(), blocks.end(), answers.values[0].begin(), answers.values[0].end(),
                       same);
  });
}

std::uint64_t DrillDown::Blocks::rows() const {
  std::uint64_t most = 0;
  for (const auto& blocks : answers.values) {
    std::uint64_t rows = 0;
    for (const BlockDigest& block : blocks) rows += block.digest.rows;
    most = std::max(most, rows);
  }
  return most;
}

DrillDown::Failures DrillDown::rows(const KeyRange& range, std::uint64_t row_count,
                                    const std::vector<std::size_t>& servers, const Take& take) {
  if (row_count <= few_rows) {
    const auto asked_at = Deadline::Clock::now();
    const auto answers = fetch(row_digests_sql(*plan_, hashing_, range), servers);
    if (answers.failures.empty()) take(differing_rows(*plan_, answers.values), asked_at);
    return answers.failures;
  }
  if (!knows_blocks()) return rows_of_buckets(range, row_count, servers, take);
  const Blocks found = blocks(range, servers);
  if (!found.answers.failures.empty()) return found.answers.failures;
  return rows_of(range, found, take);
}

DrillDown::Blocks DrillDown::blocks(const KeyRange& range, const std::vector<std::size_t>& servers) {
  Blocks result;
  const auto too_many = [](const auto& blocks) { return blocks.size() > most_blocks; };
  while (true) {
    result.cell_bits = cell_bits_;
    result.asked_at = Deadline::Clock::now();
    result.answers = ask_all<std::vector<BlockDigest>>(
        crew_, servers, KeyBlocks(*plan_, hashing_, cell_bits_).digests_sql(range, most_blocks),
        KeyBlocks::digests_from);
    const auto& values = result.answers.values;
    if (std::none_of(values.begin(), values.end(), too_many) || cell_bits_ == KeyBlocks::max_cell_bits)
      return result;
    cell_bits_ = std::min(cell_bits_ + 4, KeyBlocks::max_cell_bits);
  }
}

DrillDown::Failures DrillDown::rows_of(const KeyRange& range, const Blocks& blocks, const Take& take) {
  std::vector<Suspect> left = KeyBlocks(*plan_, hashing_, blocks.cell_bits).suspects(blocks.answers.values);
  // The cells of blocks that are likely to be explained by them, then whole blocks.
  while (!left.empty()) {
    std::vector<Suspect> now, unexplained;
    std::uint64_t rows = 0;
    for (Suspect& suspect : std::exchange(left, {})) {
      rows += suspect.rows();
      now.push_back(std::move(suspect));
      if (rows < max_rows_per_fetch) continue;
      auto failures = fetch(range, blocks, std::exchange(now, {}), take, unexplained);
      if (!failures.empty()) return failures;
      rows = 0;
    }
    auto failures = fetch(range, blocks, now, take, unexplained);
    if (!failures.empty()) return failures;
    left = std::move(unexplained);
  }
  return {};
}

DrillDown::Failures DrillDown::fetch(const KeyRange& range, const Blocks& blocks,
                                     const std::vector<Suspect>& suspects, const Take& take,
                                     std::vector<Suspect>& left) {
  if (suspects.empty()) return {};
  const KeyBlocks grid(*plan_, hashing_, blocks.cell_bits);
  const auto asked_at = Deadline::Clock::now();
  const auto answers = fetch(grid.rows_sql(range, suspects), blocks.answers.servers);
  if (answers.too_large() && suspects.size() > 1) {
    const auto middle = suspects.begin() + static_cast<std::ptrdiff_t>(suspects.size() / 2);
    auto failures = fetch(range, blocks, {suspects.begin(), middle}, take, left);
    return failures.empty() ? fetch(range, blocks, {middle, suspects.end()}, take, left) : failures;
  }
  if (!answers.failures.empty()) return answers.failures;
  std::vector<Suspect> unexplained = grid.unexplained(suspects, answers.values);
  // What explains the sums was so when they were asked for.
  const bool all_explained =
      unexplained.empty() && std::none_of(suspects.begin(), suspects.end(), reads_whole);
  take(differing_rows(*plan_, answers.values), all_explained ? blocks.asked_at : asked_at);
  std::move(unexplained.begin(), unexplained.end(), std::back_inserter(left));
  return {};
}

DrillDown::Failures DrillDown::rows_of_buckets(const KeyRange& range, std::uint64_t row_count,
                                               const std::vector<std::size_t>& servers, const Take& take) {
  const std::uint32_t count = bucket_count(row_count);
  const auto answers = ask_all<std::vector<BucketDigest>>(
      crew_, servers, bucket_digests_sql(*plan_, hashing_, range, count),
      [count](const mysql::Rows& rows) { return bucket_digests_from(rows, count); });
  if (!answers.failures.empty()) return answers.failures;
  std::map<std::uint32_t, std::uint64_t> rows_in;
  for (const std::uint32_t bucket : differing_buckets(answers.values)) rows_in[bucket] = 0;
  for (const auto& of_server : answers.values)
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
    auto failures = fetch(range, count, wanted, servers, take);
    if (!failures.empty()) return failures;
    wanted.clear();
    rows = 0;
  }
  return {};
}

DrillDown::Failures DrillDown::fetch(const KeyRange& range, std::uint32_t count,
                                     const std::vector<std::uint32_t>& buckets,
                                     const std::vector<std::size_t>& servers, const Take& take) {
  const auto asked_at = Deadline::Clock::now();
  const auto answers = fetch(row_digests_sql(*plan_, hashing_, range, count, buckets), servers);
  if (answers.too_large() && buckets.size() > 1) {
    const auto middle = buckets.begin() + static_cast<std::ptrdiff_t>(buckets.size() / 2);
    auto failures = fetch(range, count, {buckets.begin(), middle}, servers, take);
    return failures.empty() ? fetch(range, count, {middle, buckets.end()}, servers, take) : failures;
  }
  if (answers.failures.empty()) take(differing_rows(*plan_, answers.values), asked_at);
  return answers.failures;
}

Answers<RowDigests> DrillDown::fetch(const std::string& sql, const std::vector<std::size_t>& servers) {
  return ask_all<RowDigests>(
      crew_, servers, sql, [plan = plan_](const mysql::Rows& rows) { return row_digests_from(*plan, rows); });
}

void DrillDown::learn(const KeyRange& range, std::uint64_t rows) {
  if (!knows_blocks() || !range.after || !range.upto || rows == 0) return;
  const auto from = place_of(plan_->key[0], (*range.after)[0]),
             to = place_of(plan_->key[0], (*range.upto)[0]);
  if (!from || !to || *to <= *from) return;
  const std::uint64_t keys_per_row = (*to - *from) / rows;
  cell_bits_ =
      std::min(static_cast<unsigned>(std::bit_width(keys_per_row | 1)) - 1, KeyBlocks::max_cell_bits);
}

}  // namespace evenkeel::table_sync
