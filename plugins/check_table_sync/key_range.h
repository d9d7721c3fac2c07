// A stretch of a table along its key, and how a table is cut into such.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "comparison_plan.h"
#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::table_sync {

// The values of the key's columns, in their order: numbers and times as the server prints them, text and
// bytes in upper-case hex of the stored bytes. Safe to keep in a state file and to compare for equality.
using KeyTuple = std::vector<std::string>;

// (after, upto]: the first range of a table has no `after`, the last no `upto`, so that rows outside any
// boundary are in the first or the last one. A table without a key is one range without ends.
struct KeyRange {
  std::optional<KeyTuple> after;
  std::optional<KeyTuple> upto;

  bool first() const { return !after; }
  bool last() const { return !upto; }
};

// A key for people, who look for the row with WHERE: "10", "(4, abc)". Words stand as they are; other text
// and all moments stand in quotes as SQL reads them, and what cannot be printed as it is in hex: 0x00FF. A
// TIMESTAMP is in UTC, and says so. Of a very long value the beginning.
std::string key_text(const ComparisonPlan& plan, const KeyTuple& key);

// Whether the server's answer or a state file's entry can be a key of this table.
bool valid_key(const ComparisonPlan& plan, const KeyTuple& key);

// The key's columns as a SELECT list that reads back as a KeyTuple, "k0", "k1", …
std::string key_select_list(const ComparisonPlan& plan);
// The KeyTuple of a row of that list. Throws Error(Fault::protocol) for what cannot be one.
KeyTuple key_from(const ComparisonPlan& plan, const mysql::Rows& rows, std::size_t row);

// " FROM `db`.`table` FORCE INDEX (…)".
std::string from_clause(const ComparisonPlan& plan);

// The condition of a range (and of --where), never empty; each server's index answers it.
std::string range_condition(const ComparisonPlan& plan, const KeyRange& range);
// An expression: 1 where this server's collations put the range's ends the right way round.
std::string order_check(const ComparisonPlan& plan, const KeyRange& range);
// Rows with exactly these keys (and --where), compared by bytes.
std::string keys_condition(const ComparisonPlan& plan, const std::vector<KeyTuple>& keys);

// Cuts a table into ranges, on one server (the reference). The end of a range is the key of its last row by
// an index scan; for integer keys of one column, where the last range held about as many rows as wanted,
// it is reckoned from that range's density without a query.
class RangeCutter {
 public:
  // Goes on behind `after`, where an earlier run stopped. `plan` must outlive the cutter.
  explicit RangeCutter(const ComparisonPlan& plan, std::optional<KeyTuple> after = std::nullopt);

  // The next range, of about `rows` rows; nothing when the last one has been given. May query.
  std::optional<KeyRange> next(mysql::SqlSession& session, std::uint64_t rows);
  // How many rows the last range really held. Call it after each range.
  void learn(std::uint64_t rows_found);
  // The last range was too much for the server (statement time limit): it is taken back, and the next one
  // starts where it started. Ask for fewer rows.
  void take_back();

 private:
  std::optional<KeyTuple> end_by_density(std::uint64_t rows) const;
  std::optional<KeyTuple> end_by_scan(mysql::SqlSession& session, std::uint64_t rows) const;

  const ComparisonPlan& plan_;
  std::optional<KeyTuple> at_;        // the end of the last range
  std::optional<KeyTuple> began_at_;  // its start
  std::uint64_t wanted_ = 0;
  double keys_per_row_ = 0;  // 0: not known, scan
  bool done_ = false;
};

}  // namespace evenkeel::table_sync
