// From a differing range to its rows: keys with row digests, and the values for people to see.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "chunk_digest.h"
#include "comparison_plan.h"
#include "evenkeel/mysql/sql_session.h"
#include "key_range.h"
#include "row_encoding.h"

namespace evenkeel::table_sync {

// Row digests of one server, by key; a key that is not there has no row.
using RowDigests = std::map<KeyTuple, std::string>;

// All rows of a range; with `buckets` above 1 only those in `wanted`. Hand over at most
// max_buckets_per_fetch.
std::string row_digests_sql(const ComparisonPlan& plan, const Hashing& hashing, const KeyRange& range,
                            std::uint32_t buckets = 1, const std::vector<std::uint32_t>& wanted = {});
inline constexpr std::size_t max_buckets_per_fetch = 2500;
// Rows that a fetch without buckets may hold and stay within an answer's size; from there on, buckets.
inline constexpr std::uint64_t max_rows_per_fetch = 20000;

// The same under any condition.
std::string row_digests_where_sql(const ComparisonPlan& plan, const Hashing& hashing,
                                  const std::string& condition);

// The same for given keys, to read them again. Hand over at most max_keys_per_fetch.
std::string row_digests_by_key_sql(const ComparisonPlan& plan, const Hashing& hashing,
                                   const std::vector<KeyTuple>& keys);
std::size_t max_keys_per_fetch(const ComparisonPlan& plan);

RowDigests row_digests_from(const ComparisonPlan& plan, const mysql::Rows& rows);

// Throws Error(Fault::protocol) for a row that is not in the range, as far as its order is known here.
void check_range(const ComparisonPlan& plan, const KeyRange& range, const RowDigests& rows);

// Whether the rows that came make up the difference of the digests, to the last digit: what they leave is the
// same on all servers.
bool explain(const Hashing& hashing, std::vector<ChunkDigest> digests, const std::vector<RowDigests>& rows);

// A key that is not the same everywhere. One digest per server; nothing where the row is not there.
struct RowDifference {
  KeyTuple key;
  std::vector<std::optional<std::string>> digests;
};
// In the order of keys (numbers by value).
std::vector<RowDifference> differing_rows(const ComparisonPlan& plan, const std::vector<RowDigests>& servers);

enum class RowKind { changed, missing, extra };  // missing and extra: against the reference
RowKind kind_of(const RowDifference& row, std::size_t server, std::size_t reference);
// Which servers stand against the others: those that differ from the largest group of equals; of groups of
// the same size, the reference's is right.
std::vector<std::size_t> outvoted(const RowDifference& row, std::size_t reference);

// For -vvv: the compared columns of given rows, as people read them (bytes as 0x…), cut to 64 characters
// each. Columns are named "k0", … for the key, then "c0", … in the plan's order.
std::string row_values_sql(const ComparisonPlan& plan, const std::vector<KeyTuple>& keys);
struct RowValues {
  KeyTuple key;
  std::vector<mysql::Cell> values;
};
std::vector<RowValues> row_values_from(const ComparisonPlan& plan, const mysql::Rows& rows);

}  // namespace evenkeel::table_sync
