#include "drill_down.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <set>
#include <utility>

#include "integer_key.h"

namespace evenkeel::table_sync {

namespace {

// Fewer rows than this are fewer bytes than their buckets.
constexpr std::uint64_t few_rows = 500;
// In one answer. More of them: cells are too narrow for how sparse the keys are here.
constexpr std::size_t most_blocks = 20000;

// Looks at a range whose parts are equal and whose checksum is not, one after the other, before it is in
// doubt.
constexpr int looks_at_a_riddle = 3;

bool reads_whole(const Suspect& suspect) { return suspect.cells.empty(); }

std::uint64_t most_rows(const std::vector<ChunkDigest>& digests) {
  std::uint64_t most = 0;
  for (const ChunkDigest& digest : digests) most = std::max(most, digest.rows);
  return most;
}

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

DrillDown::Failures DrillDown::rows(const KeyRange& range, const std::vector<ChunkDigest>& digests,
                                    const std::vector<std::size_t>& servers, const Take& take) {
  enough_ = false;
  const std::uint64_t row_count = most_rows(digests);
  if (row_count <= few_rows) return rows_of_all(range, digests, servers, take);
  for (int look = 0; look < looks_at_a_riddle; ++look) {
    Failures failures;
    const Parts parts = knows_blocks() ? by_blocks(range, servers, take, failures)
                                       : by_buckets(range, row_count, servers, take, failures);
    if (parts != Parts::equal) return failures;
    // A row was in flight, and has arrived; or the parts do not tell what the whole does.
    const auto again =
        ask_all<ChunkAnswer>(crew_, servers, chunk_digest_sql(*plan_, hashing_, range), chunk_answer_from);
    if (!again.failures.empty()) return again.failures;
    if (std::all_of(again.values.begin(), again.values.end(),
                    [&](const ChunkAnswer& answer) { return answer.digest == again.values.front().digest; }))
      return {};
  }
  doubts_.push_back({.range = range});
  return {};
}

DrillDown::Failures DrillDown::rows_of_all(const KeyRange& range, const std::vector<ChunkDigest>& digests,
                                           const std::vector<std::size_t>& servers, const Take& take) {
  const auto asked_at = Deadline::Clock::now();
  const auto answers = fetch(row_digests_sql(*plan_, hashing_, range), range, servers);
  if (!answers.failures.empty()) return answers.failures;
  if (!explain(hashing_, digests, answers.values)) doubts_.push_back({.range = range});
  take(differing_rows(*plan_, answers.values), asked_at);
  return {};
}

DrillDown::Parts DrillDown::by_blocks(const KeyRange& range, const std::vector<std::size_t>& servers,
                                      const Take& take, Failures& failures) {
  const Blocks found = blocks(range, servers);
  failures = found.answers.failures;
  if (!failures.empty()) return Parts::failed;
  if (!found.differ()) return Parts::equal;
  failures = rows_of(range, found, take);
  return failures.empty() ? Parts::differ : Parts::failed;
}

DrillDown::Blocks DrillDown::blocks(const KeyRange& range, const std::vector<std::size_t>& servers) {
  Blocks result;
  const auto too_many = [](const auto& blocks) { return blocks.size() > most_blocks; };
  while (true) {
    result.cell_bits = cell_bits_;
    result.asked_at = Deadline::Clock::now();
    result.answers = ask_all<std::vector<BlockDigest>>(
        crew_, servers, KeyBlocks(*plan_, hashing_, cell_bits_).digests_sql(range, most_blocks),
        [plan = plan_, hashing = hashing_, bits = cell_bits_, range](const mysql::Rows& rows) {
          auto digests = KeyBlocks::digests_from(rows);
          KeyBlocks(*plan, hashing, bits).check_range(range, digests);
          return digests;
        });
    const auto& values = result.answers.values;
    if (std::none_of(values.begin(), values.end(), too_many) || cell_bits_ == KeyBlocks::max_cell_bits)
      return result;
    cell_bits_ = std::min(cell_bits_ + 4, KeyBlocks::max_cell_bits);
  }
}

DrillDown::Failures DrillDown::rows_of(const KeyRange& range, const Blocks& blocks, const Take& take) {
  enough_ = false;
  std::vector<Suspect> left = KeyBlocks(*plan_, hashing_, blocks.cell_bits).suspects(blocks.answers.values);
  // The cells of blocks that are likely to be explained by them, then whole blocks.
  while (!left.empty() && !enough_) {
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
  if (suspects.empty() || enough_) return {};
  const KeyBlocks grid(*plan_, hashing_, blocks.cell_bits);
  const auto asked_at = Deadline::Clock::now();
  const auto answers = fetch(grid.rows_sql(range, suspects), range, blocks.answers.servers);
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
  enough_ = !take(differing_rows(*plan_, answers.values), all_explained ? blocks.asked_at : asked_at);
  // Of those that were read whole there is nothing more to read.
  std::set<std::uint64_t> whole;
  for (const Suspect& suspect : suspects)
    if (reads_whole(suspect)) whole.insert(suspect.block);
  const auto doubtful =
      std::stable_partition(unexplained.begin(), unexplained.end(),
                            [&](const Suspect& suspect) { return !whole.contains(suspect.block); });
  doubt_blocks(range, blocks, {doubtful, unexplained.end()});
  std::move(unexplained.begin(), doubtful, std::back_inserter(left));
  return {};
}

void DrillDown::doubt_blocks(const KeyRange& range, const Blocks& blocks,
                             const std::vector<Suspect>& suspects) {
  if (suspects.empty()) return;
  Doubt doubt{.range = range, .unit = Doubt::Unit::block, .cell_bits = blocks.cell_bits, .parts = {}};
  for (const Suspect& suspect : suspects) doubt.parts.push_back(suspect.block);
  std::sort(doubt.parts.begin(), doubt.parts.end());
  doubts_.push_back(std::move(doubt));
}

DrillDown::Parts DrillDown::by_buckets(const KeyRange& range, std::uint64_t row_count,
                                       const std::vector<std::size_t>& servers, const Take& take,
                                       Failures& failures) {
  Buckets buckets{.count = bucket_count(row_count), .differing = {}};
  const auto answers = ask_all<std::vector<BucketDigest>>(
      crew_, servers, bucket_digests_sql(*plan_, hashing_, range, buckets.count),
      [count = buckets.count](const mysql::Rows& rows) { return bucket_digests_from(rows, count); });
  failures = answers.failures;
  if (!failures.empty()) return Parts::failed;
  for (const std::uint32_t bucket : differing_buckets(answers.values))
    buckets.differing[bucket].resize(servers.size());
  if (buckets.differing.empty()) return Parts::equal;
  for (std::size_t i = 0; i < answers.values.size(); ++i)
    for (const BucketDigest& bucket : answers.values[i])
      if (const auto it = buckets.differing.find(bucket.bucket); it != buckets.differing.end())
        it->second[i] = bucket.digest;
  failures = rows_of(range, buckets, servers, take);
  return failures.empty() ? Parts::differ : Parts::failed;
}

DrillDown::Failures DrillDown::rows_of(const KeyRange& range, const Buckets& buckets,
                                       const std::vector<std::size_t>& servers, const Take& take) {
  std::vector<std::uint32_t> wanted;
  std::uint64_t rows = 0;
  for (auto it = buckets.differing.begin(); it != buckets.differing.end() && !enough_;) {
    wanted.push_back(it->first);
    rows += most_rows(it->second);
    ++it;
    const bool full = wanted.size() == max_buckets_per_fetch || rows >= max_rows_per_fetch;
    if (!full && it != buckets.differing.end()) continue;
    auto failures = fetch(range, buckets, std::exchange(wanted, {}), servers, take);
    if (!failures.empty()) return failures;
    rows = 0;
  }
  return {};
}

DrillDown::Failures DrillDown::fetch(const KeyRange& range, const Buckets& buckets,
                                     const std::vector<std::uint32_t>& wanted,
                                     const std::vector<std::size_t>& servers, const Take& take) {
  const auto asked_at = Deadline::Clock::now();
  const auto answers = fetch(row_digests_sql(*plan_, hashing_, range, buckets.count, wanted), range, servers);
  if (answers.too_large() && wanted.size() > 1) {
    const auto middle = wanted.begin() + static_cast<std::ptrdiff_t>(wanted.size() / 2);
    auto failures = fetch(range, buckets, {wanted.begin(), middle}, servers, take);
    return failures.empty() ? fetch(range, buckets, {middle, wanted.end()}, servers, take) : failures;
  }
  if (!answers.failures.empty()) return answers.failures;
  std::vector<ChunkDigest> sums(servers.size());
  for (const std::uint32_t bucket : wanted)
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += buckets.differing.at(bucket)[i];
  if (!explain(hashing_, std::move(sums), answers.values))
    doubts_.push_back({.range = range,
                       .unit = Doubt::Unit::bucket,
                       .buckets = buckets.count,
                       .parts = {wanted.begin(), wanted.end()}});
  enough_ = !take(differing_rows(*plan_, answers.values), asked_at);
  return {};
}

DrillDown::Reading DrillDown::rows_of(const Doubt& doubt, const std::vector<std::size_t>& servers) {
  Reading reading;
  for (int look = 0; look < looks_at_a_riddle && !reading.explained; ++look) {
    const auto sums = ask_all<ChunkDigest>(crew_, servers, part_digests_sql(*plan_, hashing_, doubt),
                                           [doubt](const mysql::Rows& rows) {
                                             ChunkDigest sum;
                                             for (const auto& [part, digest] : part_digests_from(doubt, rows))
                                               sum += digest;
                                             return sum;
                                           });
    reading.failures = sums.failures;
    if (!sums.failures.empty()) return reading;
    const auto rows = fetch(part_rows_sql(*plan_, hashing_, doubt), doubt.range, servers);
    reading.failures = rows.failures;
    if (!rows.failures.empty()) return reading;
    reading.differing.clear();
    for (RowDifference& row : differing_rows(*plan_, rows.values))
      reading.differing.push_back(std::move(row.key));
    reading.explained = explain(hashing_, sums.values, rows.values);
  }
  return reading;
}

Answers<RowDigests> DrillDown::fetch(const std::string& sql, const KeyRange& range,
                                     const std::vector<std::size_t>& servers) {
  return ask_all<RowDigests>(crew_, servers, sql,
                             [plan = plan_, hashing = hashing_, range](const mysql::Rows& rows) {
                               RowDigests digests = row_digests_from(*plan, rows);
                               check_range(*plan, range, digests);
                               for (const auto& [key, hash] : digests) digest_of_row(hashing, hash);
                               return digests;
                             });
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
