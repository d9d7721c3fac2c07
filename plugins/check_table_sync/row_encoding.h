// One row as one SQL expression: the injective text of its compared columns, and digests of it.
// The reasons for the hash, and what it cannot see, are told in row_encoding.cpp.
#pragma once

#include <string>

#include "comparison_plan.h"

namespace evenkeel::table_sync {

enum class Strength {
  fast,    // CRC32 of CRC32
  strong,  // SHA2
};

// How rows are hashed in one run; the same for all servers of it.
struct Hashing {
  Strength strength = Strength::fast;
  std::string
      salt;  // lower-case hex digits; random per run, or empty where digests of separate runs must be equal

  static Hashing with_random_salt(Strength strength);
};

// The injective text itself (over hashes of bytes); never NULL.
std::string row_text_expression(const ComparisonPlan& plan, Strength strength);

// A number of 32 bits (fast), or 32 hex digits (strong): equal rows have equal digests on any server of
// any family.
std::string row_digest_expression(const ComparisonPlan& plan, const Hashing& hashing);

// A number of 32 bits out of the key's columns alone, to spread rows over buckets.
std::string key_hash_expression(const ComparisonPlan& plan);

}  // namespace evenkeel::table_sync
