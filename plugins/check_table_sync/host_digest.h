// --digest: one line for a whole table on one host, to be held against another host's by eye or diff.
#pragma once

#include <string>

#include "chunk_digest.h"
#include "definition_comparison.h"

namespace evenkeel::table_sync {

// The plan of one host alone. It depends on nothing but the table's definition in its normal form, so that
// hosts of other family and version make the same one: sum up chunk_digest_sql() over all ranges, with a
// Hashing of empty salt.
DefinitionComparison plan_for_digest(const TableName& table, const DefinitionOn& host,
                                     const TableSelection& selection, const std::string& where);

// "id 2000000 rows 7f0c…": the key's columns ("no key"), row count and digest, 32 hex digits (64 where
// strong).
struct HostDigest {
  std::string key;
  std::uint64_t rows = 0;
  std::string digest;
};
HostDigest host_digest(const ComparisonPlan& plan, const Hashing& hashing, const ChunkDigest& whole);

}  // namespace evenkeel::table_sync
