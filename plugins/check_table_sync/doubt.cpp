#include "doubt.h"

#include <algorithm>

#include "evenkeel/error.h"
#include "integer_key.h"
#include "key_blocks.h"

namespace evenkeel::table_sync {

namespace {

std::vector<std::uint32_t> buckets_of(const Doubt& doubt) {
  std::vector<std::uint32_t> buckets;
  for (const std::uint64_t part : doubt.parts) buckets.push_back(static_cast<std::uint32_t>(part));
  return buckets;
}

// To be read whole.
std::vector<Suspect> suspects_of(const Doubt& doubt) {
  std::vector<Suspect> suspects;
  for (const std::uint64_t part : doubt.parts) suspects.push_back({part, {}, {}});
  return suspects;
}

}  // namespace

std::string part_digests_sql(const ComparisonPlan& plan, const Hashing& hashing, const Doubt& doubt) {
  switch (doubt.unit) {
    case Doubt::Unit::block:
      return KeyBlocks(plan, hashing, doubt.cell_bits).digests_of_sql(doubt.range, suspects_of(doubt));
    case Doubt::Unit::bucket:
      return bucket_digests_sql(plan, hashing, doubt.range, doubt.buckets, buckets_of(doubt));
    case Doubt::Unit::range:
      break;
  }
  return chunk_digest_sql(plan, hashing, doubt.range);
}

std::map<std::uint64_t, ChunkDigest> part_digests_from(const Doubt& doubt, const mysql::Rows& rows) {
  std::map<std::uint64_t, ChunkDigest> digests;
  if (doubt.unit == Doubt::Unit::range)
    digests[0] = chunk_answer_from(rows).digest;
  else if (doubt.unit == Doubt::Unit::block)
    for (const BlockDigest& block : KeyBlocks::digests_from(rows)) digests[block.block] = block.digest;
  else
    for (const BucketDigest& bucket : bucket_digests_from(rows, doubt.buckets))
      digests[bucket.bucket] = bucket.digest;
  for (const auto& [part, digest] : digests)
    if (!std::binary_search(doubt.parts.begin(), doubt.parts.end(), part))
      throw Error(Fault::protocol, "the answer to a digest query has a part that was not asked for");
  return digests;
}

std::string part_rows_sql(const ComparisonPlan& plan, const Hashing& hashing, const Doubt& doubt) {
  switch (doubt.unit) {
    case Doubt::Unit::block:
      return KeyBlocks(plan, hashing, doubt.cell_bits).rows_sql(doubt.range, suspects_of(doubt));
    case Doubt::Unit::bucket:
      return row_digests_sql(plan, hashing, doubt.range, doubt.buckets, buckets_of(doubt));
    case Doubt::Unit::range:
      break;
  }
  return row_digests_sql(plan, hashing, doubt.range);
}

KeyRange range_of(const ComparisonPlan& plan, const Doubt& doubt) {
  KeyRange range = doubt.range;
  if (doubt.unit != Doubt::Unit::block || doubt.parts.empty()) return range;
  const KeyColumn& key = plan.key[0];
  const unsigned bits = doubt.cell_bits + KeyBlocks::block_bits;
  const std::uint64_t first = doubt.parts.front() << bits;
  const std::uint64_t last = (doubt.parts.back() << bits) + ((std::uint64_t{1} << bits) - 1);
  const auto after = range.after ? place_of(key, (*range.after)[0]) : std::nullopt;
  const auto upto = range.upto ? place_of(key, (*range.upto)[0]) : std::nullopt;
  if (first > 0 && (!after || *after < first - 1)) range.after = KeyTuple{number_at(key, first - 1)};
  if (!upto || *upto > last) range.upto = KeyTuple{number_at(key, last)};
  return range;
}

std::string range_text(const ComparisonPlan& plan, const KeyRange& range) {
  if (range.first() && range.last()) return "all keys";
  return std::string("keys") + (range.after ? " after " + key_text(plan, *range.after) : "") +
         (range.upto ? " up to " + key_text(plan, *range.upto) : "");
}

}  // namespace evenkeel::table_sync
