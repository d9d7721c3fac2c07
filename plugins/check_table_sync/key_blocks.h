// A range of an integer key as blocks of cells: from the sums of a block, its differing row.
//
// A cell is 2^n neighbouring values of the key, wide enough for about one row; a block is 64 cells. A block's
// sum is over h * w, h being a row's hash and w the weight of its cell. Where two servers' sums differ by D
// and that is one row's doing, D is (h' - h) * w with a difference below 2^32: of 64 weights only the right
// one divides D like that, but for a chance of some 2^-14. So the next query reads a cell or two in place of
// the block. What it brings has to explain D to the last digit. Where it does not (several rows of a block
// differ, or something moved in between), the whole block is read: what is left out was equal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chunk_digest.h"
#include "comparison_plan.h"
#include "key_range.h"
#include "row_encoding.h"
#include "row_fetch.h"

namespace evenkeel::table_sync {

struct BlockDigest {
  std::uint64_t block = 0;
  ChunkDigest digest;  // d1 weighted, unless strong
};

// A block that differs.
struct Suspect {
  std::uint64_t block = 0;
  std::vector<ChunkDigest> digests;  // by server
  std::vector<unsigned> cells;       // that may explain it, ascending; none: the whole block is to be read

  std::uint64_t rows() const;  // to be expected of a fetch
};

class KeyBlocks {
 public:
  // `cell_bits`: a cell is 2^cell_bits values of the key.
  KeyBlocks(const ComparisonPlan& plan, const Hashing& hashing, unsigned cell_bits)
      : plan_(plan), hashing_(hashing), cell_bits_(cell_bits) {}

  static constexpr unsigned block_bits = 6;
  static constexpr unsigned cells = 1u << block_bits;
  static constexpr unsigned max_cell_bits = 56;

  // One integer column, of the same kind on all servers.
  static bool fit(const ComparisonPlan& plan);

  // At most one more than `most` blocks; empty ones do not appear. Grouped by position, as for buckets.
  std::string digests_sql(const KeyRange& range, std::size_t most) const;
  // In the order of blocks. Throws Error(Fault::protocol) where one stands there twice.
  static std::vector<BlockDigest> digests_from(const mysql::Rows& rows);

  // One element per server, as digests_from() has them.
  std::vector<Suspect> suspects(const std::vector<std::vector<BlockDigest>>& servers) const;

  // The same for the suspects' blocks alone, without weights: to see whether they still differ.
  std::string digests_of_sql(const KeyRange& range, const std::vector<Suspect>& suspects) const;
  // Throws Error(Fault::protocol) for a block that has no place in the range.
  void check_range(const KeyRange& range, const std::vector<BlockDigest>& blocks) const;

  // All rows of the range in the suspects' cells.
  std::string rows_sql(const KeyRange& range, const std::vector<Suspect>& suspects) const;
  // Of those, who is not explained by the rows that came, to the last digit; without their cells: to be read
  // whole. One that was is a doubt.
  std::vector<Suspect> unexplained(const std::vector<Suspect>& suspects,
                                   const std::vector<RowDigests>& servers) const;

 private:
  std::vector<unsigned> cells_of(const Suspect& suspect) const;
  std::string condition(const KeyRange& range, const std::vector<Suspect>& suspects) const;
  std::string block_expression() const;

  const ComparisonPlan& plan_;
  const Hashing& hashing_;
  unsigned cell_bits_;
};

}  // namespace evenkeel::table_sync
