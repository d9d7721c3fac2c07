// Parts of a range whose checksums differ while no row that was read explains it: a row in flight, as a rule.
// They are read again until they are equal. What stays so is told: a difference that was seen and not
// explained never counts as equal.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chunk_digest.h"
#include "comparison_plan.h"
#include "evenkeel/mysql/sql_session.h"
#include "key_range.h"
#include "row_encoding.h"
#include "row_fetch.h"

namespace evenkeel::table_sync {

struct Doubt {
  enum class Unit { range, block, bucket };

  KeyRange range;
  Unit unit = Unit::range;
  unsigned cell_bits = 0;               // of blocks
  std::uint32_t buckets = 1;            // how many there are
  std::vector<std::uint64_t> parts{0};  // blocks or buckets, ascending; 0 is the range itself
};

// Count and digest of each part.
std::string part_digests_sql(const ComparisonPlan& plan, const Hashing& hashing, const Doubt& doubt);
// Parts without rows do not appear. Throws Error(Fault::protocol) for parts that were not asked for.
std::map<std::uint64_t, ChunkDigest> part_digests_from(const Doubt& doubt, const mysql::Rows& rows);

// Keys and digests of the rows of all parts.
std::string part_rows_sql(const ComparisonPlan& plan, const Hashing& hashing, const Doubt& doubt);

// The range as narrow as it can be told.
KeyRange range_of(const ComparisonPlan& plan, const Doubt& doubt);
// "keys after 100 up to 164"
std::string range_text(const ComparisonPlan& plan, const KeyRange& range);

}  // namespace evenkeel::table_sync
