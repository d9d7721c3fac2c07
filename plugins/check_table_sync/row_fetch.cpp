#include "row_fetch.h"

#include <algorithm>
#include <set>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

constexpr const char* shown = "64";  // characters of a value

std::string shown_value(const ComparedColumn& column) {
  std::string name = mysql::quoted_name(column.name);
  if (column.readable) return "left(" + name + ", " + shown + ")";
  if (column.encoding == Encoding::bits) return "cast(" + name + " as unsigned)";
  if (column.encoding == Encoding::bytes) return "concat('0x', left(hex(" + name + "), " + shown + "))";
  return name;
}

bool is_negative(const std::string& number) { return number.starts_with('-'); }

bool is_less(const KeyColumn& column, const std::string& a, const std::string& b) {
  if (column.kind == KeyColumn::Kind::real) {
    double left = 0, right = 0;
    return parse_number(a, left) && parse_number(b, right) && left < right;
  }
  const bool numeric = column.kind == KeyColumn::Kind::integer || column.kind == KeyColumn::Kind::index;
  if (!numeric) return a < b;
  if (is_negative(a) != is_negative(b)) return is_negative(a);
  const bool less = a.size() != b.size() ? a.size() < b.size() : a < b;
  return is_negative(a) ? !less && a != b : less;
}

// Below, at or above 0; nothing where only the server knows its order: by a collation, for one.
std::optional<int> known_order(const ComparisonPlan& plan, const KeyTuple& a, const KeyTuple& b) {
  for (std::size_t i = 0; i < plan.key.size(); ++i) {
    if (a[i] == b[i]) continue;
    const KeyColumn::Kind kind = plan.key[i].kind;
    if (kind != KeyColumn::Kind::integer && kind != KeyColumn::Kind::index) return std::nullopt;
    return is_less(plan.key[i], a[i], b[i]) ? -1 : 1;
  }
  return 0;
}

bool comes_before(const ComparisonPlan& plan, const KeyTuple& a, const KeyTuple& b) {
  for (std::size_t i = 0; i < plan.key.size(); ++i) {
    if (is_less(plan.key[i], a[i], b[i])) return true;
    if (is_less(plan.key[i], b[i], a[i])) return false;
  }
  return false;
}

}  // namespace

std::string row_digests_where_sql(const ComparisonPlan& plan, const Hashing& hashing,
                                  const std::string& condition) {
  return "SELECT " + key_select_list(plan) + ", " + row_digest_expression(plan, hashing) + " AS h" +
         from_clause(plan) + " WHERE " + condition;
}

std::string row_digests_sql(const ComparisonPlan& plan, const Hashing& hashing, const KeyRange& range,
                            std::uint32_t buckets, const std::vector<std::uint32_t>& wanted) {
  std::string condition = range_condition(plan, range);
  if (buckets > 1) condition += bucket_condition(plan, buckets, wanted);
  return row_digests_where_sql(plan, hashing, condition);
}

std::string row_digests_by_key_sql(const ComparisonPlan& plan, const Hashing& hashing,
                                   const std::vector<KeyTuple>& keys) {
  return row_digests_where_sql(plan, hashing, keys_condition(plan, keys));
}

std::size_t max_keys_per_fetch(const ComparisonPlan& plan) {
  // Bytes of a statement grow with the key, and servers take their time over many OR.
  const bool number = plan.key.size() == 1 && plan.key[0].kind == KeyColumn::Kind::integer;
  return number ? 2500 : 500;
}

RowDigests row_digests_from(const ComparisonPlan& plan, const mysql::Rows& rows) {
  RowDigests digests;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const std::vector<mysql::Cell>& cells = rows.rows[row];
    if (cells.size() != plan.key.size() + 1 || !cells.back())
      throw Error(Fault::protocol, "the answer to a row query is not keys and digests");
    if (!digests.emplace(key_from(plan, rows, row), *cells.back()).second)
      throw Error(Fault::protocol, "the answer to a row query has a key twice");
  }
  return digests;
}

void check_range(const ComparisonPlan& plan, const KeyRange& range, const RowDigests& rows) {
  for (const auto& [key, digest] : rows)
    if ((range.after && known_order(plan, *range.after, key).value_or(-1) >= 0) ||
        (range.upto && known_order(plan, key, *range.upto).value_or(-1) > 0))
      throw Error(Fault::protocol, "the answer to a row query has a row outside of its range");
}

bool explain(const Hashing& hashing, std::vector<ChunkDigest> digests, const std::vector<RowDigests>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (const auto& [key, hash] : rows[i]) digests[i] -= digest_of_row(hashing, hash);
  return all_equal(digests);
}

std::vector<RowDifference> differing_rows(const ComparisonPlan& plan,
                                          const std::vector<RowDigests>& servers) {
  std::set<KeyTuple> keys;
  for (const RowDigests& rows : servers)
    for (const auto& [key, digest] : rows) keys.insert(key);
  std::vector<RowDifference> differences;
  for (const KeyTuple& key : keys) {
    RowDifference row{key, {}};
    for (const RowDigests& rows : servers) {
      const auto found = rows.find(key);
      row.digests.push_back(found == rows.end() ? std::nullopt : std::optional(found->second));
    }
    const bool same = std::all_of(row.digests.begin(), row.digests.end(),
                                  [&](const auto& digest) { return digest == row.digests[0]; });
    if (!same) differences.push_back(std::move(row));
  }
  std::sort(differences.begin(), differences.end(),
            [&](const RowDifference& a, const RowDifference& b) { return comes_before(plan, a.key, b.key); });
  return differences;
}

RowKind kind_of(const RowDifference& row, std::size_t server, std::size_t reference) {
  if (!row.digests[server]) return RowKind::missing;
  return row.digests[reference] ? RowKind::changed : RowKind::extra;
}

std::vector<std::size_t> outvoted(const RowDifference& row, std::size_t reference) {
  const auto votes = [&](const std::optional<std::string>& digest) {
    return std::count(row.digests.begin(), row.digests.end(), digest);
  };
  std::optional<std::string> right = row.digests[reference];
  for (const auto& digest : row.digests)
    if (votes(digest) > votes(right)) right = digest;
  std::vector<std::size_t> servers;
  for (std::size_t i = 0; i < row.digests.size(); ++i)
    if (row.digests[i] != right) servers.push_back(i);
  return servers;
}

std::string row_values_sql(const ComparisonPlan& plan, const std::vector<KeyTuple>& keys) {
  std::string list = key_select_list(plan);
  for (std::size_t i = 0; i < plan.columns.size(); ++i)
    list += ", " + shown_value(plan.columns[i]) + " AS c" + std::to_string(i);
  return "SELECT " + list + from_clause(plan) + " WHERE " + keys_condition(plan, keys);
}

std::vector<RowValues> row_values_from(const ComparisonPlan& plan, const mysql::Rows& rows) {
  std::vector<RowValues> values;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    RowValues one{key_from(plan, rows, row), {}};
    for (std::size_t i = plan.key.size(); i < rows.rows[row].size(); ++i) {
      const mysql::Cell& cell = rows.rows[row][i];
      one.values.push_back(cell ? mysql::Cell(clean(*cell, 300)) : mysql::Cell());
    }
    values.push_back(std::move(one));
  }
  return values;
}

}  // namespace evenkeel::table_sync
