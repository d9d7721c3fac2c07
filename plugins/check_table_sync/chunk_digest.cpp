#include "chunk_digest.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <set>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::uint64_t rows_per_bucket = 16;
constexpr std::uint64_t max_buckets = 20000;

Error no_digest() { return Error(Fault::protocol, "the answer to a digest query is not a row of numbers"); }

// The sum over no rows is NULL.
DigestSum sum_from(const mysql::Cell& cell) { return cell ? DigestSum::parse(*cell) : DigestSum(); }

std::string half_of(const std::string& digest, const char* side) {
  return std::string("sum(cast(conv(") + side + "(" + digest + ", 16), 16, 10) as unsigned))";
}

}  // namespace

DigestSum DigestSum::parse(std::string_view digits) {
  DigestSum sum;
  if (digits.empty() || digits.size() > 39) throw no_digest();
  for (const char c : digits) {
    if (c < '0' || c > '9') throw no_digest();
    // Times ten, in two steps that do not leave 64 bits.
    const std::uint64_t bottom = (sum.low_ & 0xFFFFFFFF) * 10 + static_cast<std::uint64_t>(c - '0');
    const std::uint64_t top = (sum.low_ >> 32) * 10 + (bottom >> 32);
    sum.low_ = (top << 32) | (bottom & 0xFFFFFFFF);
    sum.high_ = sum.high_ * 10 + (top >> 32);
  }
  return sum;
}

DigestSum& DigestSum::operator+=(const DigestSum& other) {
  low_ += other.low_;
  high_ += other.high_ + (low_ < other.low_ ? 1 : 0);
  return *this;
}

std::string DigestSum::hex() const {
  char text[33];
  std::snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, high_, low_);
  return text;
}

ChunkDigest& ChunkDigest::operator+=(const ChunkDigest& other) {
  rows += other.rows;
  first += other.first;
  second += other.second;
  return *this;
}

DigestSum& DigestSum::operator-=(const DigestSum& other) {
  high_ -= other.high_ + (low_ < other.low_ ? 1 : 0);
  low_ -= other.low_;
  return *this;
}

ChunkDigest& ChunkDigest::operator-=(const ChunkDigest& other) {
  rows -= other.rows;
  first -= other.first;
  second -= other.second;
  return *this;
}

bool all_equal(const std::vector<ChunkDigest>& digests) {
  return std::all_of(digests.begin(), digests.end(),
                     [&](const ChunkDigest& digest) { return digest == digests.front(); });
}

ChunkDigest digest_of_row(const Hashing& hashing, const std::string& hash) {
  if (hashing.strength == Strength::fast) {
    const auto number = parse_integer<std::uint32_t>(hash);
    if (!number) throw no_digest();
    return {1, DigestSum(*number), {}};
  }
  const auto half = [&](std::size_t at) {
    std::uint64_t number = 0;
    const char* end = hash.data() + at + 16;
    const auto read = std::from_chars(hash.data() + at, end, number, 16);
    if (read.ec != std::errc{} || read.ptr != end) throw no_digest();
    return DigestSum(number);
  };
  if (hash.size() != 32) throw no_digest();
  return {1, half(0), half(16)};
}

std::string digest_columns(const ComparisonPlan& plan, const Hashing& hashing, const std::string& weight) {
  const std::string digest = row_digest_expression(plan, hashing);
  if (hashing.strength == Strength::strong)
    return "count(*) AS n, " + half_of(digest, "left") + " AS d1, " + half_of(digest, "right") + " AS d2";
  return "count(*) AS n, sum(" + digest + (weight.empty() ? "" : " * " + weight) + ") AS d1";
}

std::uint64_t digest_number_from(const mysql::Cell& cell) {
  const auto number = cell ? parse_integer<std::uint64_t>(*cell) : std::nullopt;
  if (!number) throw no_digest();
  return *number;
}

ChunkDigest digest_from(const mysql::Rows& rows, std::size_t row) {
  if (rows.rows.at(row).size() != rows.columns.size()) throw no_digest();
  const mysql::Cell first = rows.at(row, "d1"), second = rows.at(row, "d2");
  const ChunkDigest digest{digest_number_from(rows.at(row, "n")), sum_from(first), sum_from(second)};
  const bool empty = digest.rows == 0;
  if (empty == first.has_value() || (rows.has("d2") && empty == second.has_value())) throw no_digest();
  return digest;
}

std::string chunk_digest_sql(const ComparisonPlan& plan, const Hashing& hashing, const KeyRange& range) {
  return "SELECT " + digest_columns(plan, hashing) + ", " + order_check(plan, range) + " AS ordered" +
         from_clause(plan) + " WHERE " + range_condition(plan, range);
}

ChunkAnswer chunk_answer_from(const mysql::Rows& rows) {
  if (rows.rows.size() != 1) throw no_digest();
  if (rows.columns.size() != (rows.has("d2") ? 4 : 3)) throw no_digest();
  return {digest_from(rows, 0), digest_number_from(rows.at(0, "ordered")) != 0};
}

std::string bucket_condition(const ComparisonPlan& plan, std::uint32_t buckets,
                             const std::vector<std::uint32_t>& wanted) {
  std::string list;
  for (const std::uint32_t bucket : wanted) list += (list.empty() ? "" : ", ") + std::to_string(bucket);
  if (list.empty()) return " AND 0";
  return " AND " + key_hash_expression(plan) + " % " + std::to_string(buckets) + " IN (" + list + ")";
}

std::uint32_t bucket_count(std::uint64_t rows) {
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(rows / rows_per_bucket, 1, max_buckets));
}

std::string bucket_digests_sql(const ComparisonPlan& plan, const Hashing& hashing, const KeyRange& range,
                               std::uint32_t buckets, const std::vector<std::uint32_t>& wanted) {
  return "SELECT " + key_hash_expression(plan) + " % " + std::to_string(buckets) + " AS bucket, " +
         digest_columns(plan, hashing) + from_clause(plan) + " WHERE " + range_condition(plan, range) +
         (wanted.empty() ? "" : bucket_condition(plan, buckets, wanted)) + " GROUP BY 1";
}

std::vector<BucketDigest> bucket_digests_from(const mysql::Rows& rows, std::uint32_t count) {
  std::vector<BucketDigest> buckets;
  buckets.reserve(rows.rows.size());
  std::set<std::uint64_t> seen;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const std::uint64_t bucket = digest_number_from(rows.at(row, "bucket"));
    if (bucket >= count || !seen.insert(bucket).second)
      throw Error(Fault::protocol,
                  "the answer to a bucket query has a bucket twice, or one that it cannot have");
    buckets.push_back({static_cast<std::uint32_t>(bucket), digest_from(rows, row)});
  }
  return buckets;
}

std::vector<std::uint32_t> differing_buckets(const std::vector<std::vector<BucketDigest>>& servers) {
  std::map<std::uint32_t, std::vector<const ChunkDigest*>> seen;
  for (const auto& buckets : servers)
    for (const BucketDigest& bucket : buckets) seen[bucket.bucket].push_back(&bucket.digest);
  std::vector<std::uint32_t> differing;
  for (const auto& [bucket, digests] : seen) {
    const bool same =
        digests.size() == servers.size() &&
        std::all_of(digests.begin(), digests.end(),
                    [first = digests[0]](const ChunkDigest* digest) { return *digest == *first; });
    if (!same) differing.push_back(bucket);
  }
  return differing;
}

}  // namespace evenkeel::table_sync
