#include "key_blocks.h"

#include <algorithm>
#include <optional>
#include <set>

#include "evenkeel/error.h"
#include "integer_key.h"

namespace evenkeel::table_sync {

namespace {

// 1 + 63 * 2^26 is below 2^32: a weighted hash fits 64 bits. Odd, and no two have a factor above 63 in
// common.
constexpr std::uint64_t weight_step = 1u << 26;

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

std::uint64_t weight_of_cell(std::uint64_t cell) { return 1 + cell * weight_step; }

Wide wide(const DigestSum& sum) {
  return static_cast<Wide>((static_cast<UnsignedWide>(sum.high()) << 64) | sum.low());
}

// The cells where one row's hash could make such a difference.
std::vector<unsigned> cells_that_explain(Wide difference) {
  std::vector<unsigned> fitting;
  for (unsigned cell = 0; cell < KeyBlocks::cells; ++cell) {
    const Wide weight = static_cast<Wide>(weight_of_cell(cell));
    const Wide hash = difference / weight;
    if (hash * weight == difference && hash >= -static_cast<Wide>(UINT32_MAX) && hash <= UINT32_MAX)
      fitting.push_back(cell);
  }
  return fitting;
}

}  // namespace

std::uint64_t Suspect::rows() const {
  if (!cells.empty()) return cells.size();
  std::uint64_t most = 0;
  for (const ChunkDigest& digest : digests) most = std::max(most, digest.rows);
  return most;
}

bool KeyBlocks::fit(const ComparisonPlan& plan) {
  return plan.key.size() == 1 && plan.key[0].kind == KeyColumn::Kind::integer && plan.key[0].same_sign;
}

std::string KeyBlocks::digests_sql(const KeyRange& range, std::size_t most) const {
  const std::string place = place_expression(plan_.key[0]);
  const std::string cell = "((" + place + " >> " + std::to_string(cell_bits_) + ") & 63)";
  const std::string weight = "(1 + " + cell + " * " + std::to_string(weight_step) + ")";
  return "SELECT " + block_expression() + " AS block, " + digest_columns(plan_, hashing_, weight) +
         from_clause(plan_) + " WHERE " + range_condition(plan_, range) + " GROUP BY 1 LIMIT " +
         std::to_string(most + 1);
}

std::string KeyBlocks::block_expression() const {
  return place_expression(plan_.key[0]) + " >> " + std::to_string(cell_bits_ + block_bits);
}

std::string KeyBlocks::digests_of_sql(const KeyRange& range, const std::vector<Suspect>& suspects) const {
  return "SELECT " + block_expression() + " AS block, " + digest_columns(plan_, hashing_) +
         from_clause(plan_) + " WHERE " + condition(range, suspects) + " GROUP BY 1";
}

void KeyBlocks::check_range(const KeyRange& range, const std::vector<BlockDigest>& blocks) const {
  const unsigned bits = cell_bits_ + block_bits;
  const auto after = range.after ? place_of(plan_.key[0], (*range.after)[0]) : std::nullopt;
  const auto upto = range.upto ? place_of(plan_.key[0], (*range.upto)[0]) : std::nullopt;
  for (const BlockDigest& block : blocks)
    if ((after && block.block < *after >> bits) || (upto && block.block > *upto >> bits))
      throw Error(Fault::protocol, "the answer to a block query has a block outside of its range");
}

std::vector<BlockDigest> KeyBlocks::digests_from(const mysql::Rows& rows) {
  std::vector<BlockDigest> blocks;
  blocks.reserve(rows.rows.size());
  for (std::size_t row = 0; row < rows.rows.size(); ++row)
    blocks.push_back({digest_number_from(rows.at(row, "block")), digest_from(rows, row)});
  // Not every server sorts what it groups.
  std::sort(blocks.begin(), blocks.end(),
            [](const BlockDigest& a, const BlockDigest& b) { return a.block < b.block; });
  const auto twice = [](const BlockDigest& a, const BlockDigest& b) { return a.block == b.block; };
  if (std::adjacent_find(blocks.begin(), blocks.end(), twice) != blocks.end())
    throw Error(Fault::protocol, "the answer to a block query has a block twice");
  return blocks;
}

std::vector<Suspect> KeyBlocks::suspects(const std::vector<std::vector<BlockDigest>>& servers) const {
  std::map<std::uint64_t, std::vector<ChunkDigest>> seen;
  for (std::size_t i = 0; i < servers.size(); ++i)
    for (const BlockDigest& block : servers[i]) {
      std::vector<ChunkDigest>& digests = seen[block.block];
      digests.resize(servers.size());
      digests[i] = block.digest;
    }
  std::vector<Suspect> suspects;
  for (auto& [block, digests] : seen) {
    if (std::equal(digests.begin() + 1, digests.end(), digests.begin())) continue;
    Suspect suspect{block, std::move(digests), {}};
    suspect.cells = cells_of(suspect);
    suspects.push_back(std::move(suspect));
  }
  return suspects;
}

std::vector<unsigned> KeyBlocks::cells_of(const Suspect& suspect) const {
  if (hashing_.strength == Strength::strong) return {};
  std::set<unsigned> cells;
  const ChunkDigest& first = suspect.digests.front();
  for (const ChunkDigest& other : suspect.digests) {
    if (other == first) continue;
    const std::vector<unsigned> fitting = cells_that_explain(wide(other.first) - wide(first.first));
    if (fitting.empty()) return {};
    cells.insert(fitting.begin(), fitting.end());
  }
  return {cells.begin(), cells.end()};
}

std::string KeyBlocks::rows_sql(const KeyRange& range, const std::vector<Suspect>& suspects) const {
  return row_digests_where_sql(plan_, hashing_, condition(range, suspects));
}

std::string KeyBlocks::condition(const KeyRange& range, const std::vector<Suspect>& suspects) const {
  struct Run {
    std::uint64_t from, to;  // places, both in it
  };
  std::vector<Run> runs;
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    if (!runs.empty() && runs.back().to + 1 == from)
      runs.back().to = to;
    else
      runs.push_back({from, to});
  };
  const std::uint64_t cell_end = (std::uint64_t{1} << cell_bits_) - 1;
  for (const Suspect& suspect : suspects) {
    const std::uint64_t start = suspect.block << (cell_bits_ + block_bits);
    if (suspect.cells.empty()) add(start, start + (cell_end + 1) * cells - 1);
    for (const std::uint64_t cell : suspect.cells)
      add(start + (cell << cell_bits_), start + (cell << cell_bits_) + cell_end);
  }
  const KeyColumn& key = plan_.key[0];
  const std::string name = mysql::quoted_name(key.name);
  std::string single, condition;
  for (const Run& run : runs) {
    if (run.from == run.to)
      single += (single.empty() ? "" : ", ") + number_at(key, run.from);
    else
      condition += (condition.empty() ? "" : " OR ") + name + " BETWEEN " + number_at(key, run.from) +
                   " AND " + number_at(key, run.to);
  }
  if (!single.empty()) condition += (condition.empty() ? "" : " OR ") + name + " IN (" + single + ")";
  return range_condition(plan_, range) + " AND (" + condition + ")";
}

std::vector<Suspect> KeyBlocks::unexplained(const std::vector<Suspect>& suspects,
                                            const std::vector<RowDigests>& servers) const {
  // What of each block was not read.
  std::map<std::uint64_t, std::vector<ChunkDigest>> rest;
  for (const Suspect& suspect : suspects) rest[suspect.block] = suspect.digests;
  for (std::size_t i = 0; i < servers.size(); ++i)
    for (const auto& [key, hash] : servers[i]) {
      const auto place = place_of(plan_.key[0], key[0]);
      const auto block = place ? rest.find(*place >> (cell_bits_ + block_bits)) : rest.end();
      if (block == rest.end()) continue;
      const std::uint64_t cell = (*place >> cell_bits_) % cells;
      ChunkDigest row = digest_of_row(hashing_, hash);
      if (hashing_.strength == Strength::fast) row.first = DigestSum(row.first.low() * weight_of_cell(cell));
      block->second[i] -= row;
    }
  std::vector<Suspect> left;
  for (const Suspect& suspect : suspects) {
    if (all_equal(rest.at(suspect.block))) continue;
    left.push_back(suspect);
    left.back().cells.clear();
  }
  return left;
}

}  // namespace evenkeel::table_sync
