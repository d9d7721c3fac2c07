// Count and digest of all rows in a range, as one aggregate query and its answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "comparison_plan.h"
#include "evenkeel/mysql/sql_session.h"
#include "key_range.h"
#include "row_encoding.h"

namespace evenkeel::table_sync {

// A sum of row digests, exact: independent of the order of rows, and the digest of two ranges is the sum
// of theirs. 128 bits: room for 2^64 rows of 64 bits each.
class DigestSum {
 public:
  DigestSum() = default;
  explicit DigestSum(std::uint64_t number) : low_(number) {}
  // Decimal digits. Throws Error(Fault::protocol) for anything else.
  static DigestSum parse(std::string_view digits);
  DigestSum& operator+=(const DigestSum& other);
  DigestSum& operator-=(const DigestSum& other);  // modulo 2^128
  bool operator==(const DigestSum&) const = default;
  std::string hex() const;  // 32 digits
  std::uint64_t low() const { return low_; }
  std::uint64_t high() const { return high_; }

 private:
  std::uint64_t low_ = 0;
  std::uint64_t high_ = 0;
};

struct ChunkDigest {
  std::uint64_t rows = 0;
  DigestSum first;
  DigestSum second;  // zero unless strong

  ChunkDigest& operator+=(const ChunkDigest& other);
  ChunkDigest& operator-=(const ChunkDigest& other);
  bool operator==(const ChunkDigest&) const = default;
};

bool all_equal(const std::vector<ChunkDigest>& digests);

// What one row adds to the digest of its range. Throws Error(Fault::protocol) for what is no row's hash.
ChunkDigest digest_of_row(const Hashing& hashing, const std::string& hash);

// The columns of a ChunkDigest in a SELECT; each row's hash times `weight`, an expression of 32 bits, unless
// strong.
std::string digest_columns(const ComparisonPlan& plan, const Hashing& hashing,
                           const std::string& weight = "");
ChunkDigest digest_from(const mysql::Rows& rows, std::size_t row);
// Throws Error(Fault::protocol) for what is no number.
std::uint64_t digest_number_from(const mysql::Cell& cell);

std::string chunk_digest_sql(const ComparisonPlan& plan, const Hashing& hashing, const KeyRange& range);

struct ChunkAnswer {
  ChunkDigest digest;
  // Whether this server's order puts the range's ends the right way round. Where it does not (another
  // collation), ranges would leave rows out: compare the table whole, or along another key.
  bool ordered = true;
};
ChunkAnswer chunk_answer_from(const mysql::Rows& rows);

// One part of a range: all rows whose key's hash is `bucket` of `buckets`.
struct BucketDigest {
  std::uint32_t bucket = 0;
  ChunkDigest digest;
};
// How many buckets for about this many rows: few rows in each, and an answer of bounded size (at most
// 20,000 rows). With less than 2 there is nothing to gain: fetch the rows.
std::uint32_t bucket_count(std::uint64_t rows);

// Grouped by position: a column of the table may be called `bucket`, and servers take it before an alias of
// ours. Empty buckets do not appear. Needs a key. With
// `wanted` only those.
std::string bucket_digests_sql(const ComparisonPlan& plan, const Hashing& hashing, const KeyRange& range,
                               std::uint32_t buckets, const std::vector<std::uint32_t>& wanted = {});
// " AND … IN (…)": rows of these buckets.
std::string bucket_condition(const ComparisonPlan& plan, std::uint32_t buckets,
                             const std::vector<std::uint32_t>& wanted);
// Throws Error(Fault::protocol) where a bucket stands there twice, or is none of `count`.
std::vector<BucketDigest> bucket_digests_from(const mysql::Rows& rows, std::uint32_t count);
// Buckets that are not the same everywhere, ascending. One element per server.
std::vector<std::uint32_t> differing_buckets(const std::vector<std::vector<BucketDigest>>& servers);

}  // namespace evenkeel::table_sync
