#include "key_range.h"

#include <algorithm>
#include <cmath>

#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "integer_key.h"
#include "real_key.h"

namespace evenkeel::table_sync {

namespace {

using Kind = KeyColumn::Kind;

// InnoDB keys have at most 3072 bytes; each is two digits of hex.
constexpr std::size_t max_key_digits = 6144;

bool only(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.size() <= 80 && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_hex(std::string_view text) {
  return text.size() <= max_key_digits && text.size() % 2 == 0 &&
         text.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() <= 20 && only(text, "0123456789");
}

bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const bool whole = only(text.substr(0, point), "0123456789");
  return whole && (point == std::string_view::npos || only(text.substr(point + 1), "0123456789"));
}

bool valid_value(const KeyColumn& column, std::string_view text) {
  switch (column.kind) {
    case Kind::integer:
    case Kind::index:
      return is_integer(text);
    case Kind::number:
      return is_decimal(text);
    case Kind::temporal:
      return only(text, "0123456789:-. ");
    case Kind::text:
    case Kind::bytes:
      return is_hex(text);
    case Kind::real:
      return is_real(text);
    case Kind::address:
      return only(text, "0123456789abcdefABCDEF:.-");
  }
  return false;
}

std::string literal(const KeyColumn& column, const std::string& value) {
  switch (column.kind) {
    case Kind::real:
      // With an exponent it is a DOUBLE for the server, too, which reads it back to the last bit.
      return real_literal(value);
    case Kind::address:
      return "cast('" + value + "' as " + column.charset + ")";
    case Kind::temporal:
      return "'" + value + "'";
    case Kind::text:
      return "_" + column.charset + " x'" + value + "'";
    case Kind::bytes:
      return "x'" + value + "'";
    default:
      return value;
  }
}

// a > x OR (a = x AND (b > y OR …)), for columns from `at` on.
std::string lexicographic(const ComparisonPlan& plan, const KeyTuple& key, const std::string& sign,
                          const std::string& last_sign, std::size_t at = 0) {
  const std::string name = mysql::quoted_name(plan.key[at].name), value = literal(plan.key[at], key[at]);
  if (at + 1 == plan.key.size()) return name + " " + last_sign + " " + value;
  return "(" + name + " " + sign + " " + value + " OR (" + name + " = " + value + " AND " +
         lexicographic(plan, key, sign, last_sign, at + 1) + "))";
}

// The bound on the first column alone is what an index answers.
std::string one_sided(const ComparisonPlan& plan, const KeyTuple& key, const std::string& sign,
                      const std::string& last_sign) {
  std::string exact = lexicographic(plan, key, sign, last_sign);
  if (plan.key.size() == 1) return exact;
  return mysql::quoted_name(plan.key[0].name) + " " + sign + "= " + literal(plan.key[0], key[0]) + " AND " +
         exact;
}

std::string equal_key(const ComparisonPlan& plan, const KeyTuple& key) {
  std::string text;
  for (std::size_t i = 0; i < plan.key.size(); ++i) {
    const std::string name = mysql::quoted_name(plan.key[i].name);
    if (i) text += " AND ";
    text += name + " = " + literal(plan.key[i], key[i]);
    // The index answers by the collation; only these bytes are meant.
    if (plan.key[i].kind == Kind::text) text += " AND cast(" + name + " as binary) = x'" + key[i] + "'";
  }
  return "(" + text + ")";
}

std::string any_of_keys(const ComparisonPlan& plan, const std::vector<KeyTuple>& keys) {
  std::string list;
  for (const KeyTuple& key : keys) list += (list.empty() ? "" : " OR ") + equal_key(plan, key);
  return "(" + list + ")";
}

// Servers sort the constants of IN and search among them; a chain of OR is evaluated term by term for every
// row.
std::string in_list(const KeyColumn& column, const std::vector<KeyTuple>& keys) {
  const std::string name = mysql::quoted_name(column.name);
  std::string list, bytes;
  for (const KeyTuple& key : keys) {
    list += (list.empty() ? "" : ", ") + literal(column, key[0]);
    bytes += (bytes.empty() ? "x'" : ", x'") + key[0] + "'";
  }
  std::string by_index = name + " IN (" + list + ")";
  if (column.kind != Kind::text) return by_index;
  return "(" + by_index + " AND cast(" + name + " as binary) IN (" + bytes + "))";
}

std::string with_where(const ComparisonPlan& plan, std::string condition) {
  if (plan.where.empty()) return condition;
  return "(" + plan.where + ") AND " + condition;
}

}  // namespace

bool valid_key(const ComparisonPlan& plan, const KeyTuple& key) {
  if (key.size() != plan.key.size()) return false;
  for (std::size_t i = 0; i < key.size(); ++i)
    if (!valid_value(plan.key[i], key[i])) return false;
  return true;
}

std::string key_select_list(const ComparisonPlan& plan) {
  std::string list;
  for (std::size_t i = 0; i < plan.key.size(); ++i) {
    std::string value = mysql::quoted_name(plan.key[i].name);
    if (plan.key[i].kind == Kind::index) value = "cast(" + value + " as unsigned)";
    if (plan.key[i].kind == Kind::real) value = "hex(point(" + value + ", 0))";
    if (plan.key[i].kind == Kind::text || plan.key[i].kind == Kind::bytes) value = "hex(" + value + ")";
    list += (i ? ", " : "") + value + " AS k" + std::to_string(i);
  }
  return list;
}

KeyTuple key_from(const ComparisonPlan& plan, const mysql::Rows& rows, std::size_t row) {
  const std::vector<mysql::Cell>& cells = rows.rows.at(row);
  KeyTuple key;
  for (std::size_t i = 0; i < plan.key.size() && i < cells.size(); ++i)
    key.push_back(plan.key[i].kind == Kind::real ? real_of_point(cells[i].value_or(""))
                                                 : cells[i].value_or("NULL"));
  if (!valid_key(plan, key))
    throw Error(Fault::protocol,
                "not a key of " + clean(plan.table.text(), 130) + ": " + key_text(plan, key));
  return key;
}

std::string from_clause(const ComparisonPlan& plan) {
  std::string from = " FROM " + plan.table.sql();
  if (!plan.key_name.empty()) from += " FORCE INDEX (" + mysql::quoted_name(plan.key_name) + ")";
  return from;
}

std::string range_condition(const ComparisonPlan& plan, const KeyRange& range) {
  std::string condition;
  if (range.after) condition = one_sided(plan, *range.after, ">", ">");
  if (range.upto) condition += (condition.empty() ? "" : " AND ") + one_sided(plan, *range.upto, "<", "<=");
  return with_where(plan, condition.empty() ? "1" : condition);
}

std::string order_check(const ComparisonPlan& plan, const KeyRange& range) {
  // MariaDB has sorted UUIDs in two ways.
  const bool text = std::any_of(plan.key.begin(), plan.key.end(), [](const KeyColumn& column) {
    return column.kind == Kind::text || column.kind == Kind::address;
  });
  if (!text || !range.after || !range.upto) return "1";
  // In a union with the column itself, a literal is compared by the column's own collation.
  std::string columns, values;
  for (std::size_t i = 0; i < plan.key.size(); ++i) {
    columns += (i ? ", " : "") + mysql::quoted_name(plan.key[i].name);
    values += (i ? ", " : "") + literal(plan.key[i], (*range.after)[i]);
  }
  return "(SELECT min(" + lexicographic(plan, *range.upto, "<", "<") + ") FROM (SELECT " + columns +
         " FROM " + plan.table.sql() + " WHERE 0 UNION ALL SELECT " + values + ") ends)";
}

std::string keys_condition(const ComparisonPlan& plan, const std::vector<KeyTuple>& keys) {
  if (keys.empty()) return "0";
  return with_where(plan, plan.key.size() == 1 ? in_list(plan.key[0], keys) : any_of_keys(plan, keys));
}

RangeCutter::RangeCutter(const ComparisonPlan& plan, std::optional<KeyTuple> after)
    : plan_(plan), at_(std::move(after)) {}

std::optional<KeyRange> RangeCutter::next(mysql::SqlSession& session, std::uint64_t rows) {
  if (done_) return std::nullopt;
  began_at_ = at_;
  KeyRange range{at_, std::nullopt};
  if (plan_.has_key()) {
    wanted_ = std::max<std::uint64_t>(rows, 1);
    range.upto = end_by_density(wanted_);
    if (!range.upto) range.upto = end_by_scan(session, wanted_);
  }
  at_ = range.upto;
  done_ = range.last();
  return range;
}

void RangeCutter::learn(std::uint64_t rows_found) {
  keys_per_row_ = 0;
  if (plan_.key.size() != 1 || plan_.key[0].kind != Kind::integer || !began_at_ || !at_) return;
  if (rows_found < wanted_ / 3 || rows_found / 3 > wanted_ || rows_found == 0) return;
  const auto from = place_of(plan_.key[0], (*began_at_)[0]), to = place_of(plan_.key[0], (*at_)[0]);
  if (from && to && *to > *from)
    keys_per_row_ = static_cast<double>(*to - *from) / static_cast<double>(rows_found);
}

void RangeCutter::take_back() {
  at_ = began_at_;
  done_ = false;
  keys_per_row_ = 0;
}

std::optional<KeyTuple> RangeCutter::end_by_density(std::uint64_t rows) const {
  if (keys_per_row_ <= 0 || !at_) return std::nullopt;
  const auto from = place_of(plan_.key[0], (*at_)[0]);
  const double width = std::ceil(keys_per_row_ * static_cast<double>(rows));
  if (!from || width < 1 || width > 9e18) return std::nullopt;
  const std::uint64_t to = *from + static_cast<std::uint64_t>(width);
  if (to <= *from) return std::nullopt;
  return KeyTuple{number_at(plan_.key[0], to)};
}

std::optional<KeyTuple> RangeCutter::end_by_scan(mysql::SqlSession& session, std::uint64_t rows) const {
  // With the table's name: ORDER BY takes an alias of ours before a column, unless the column is qualified.
  std::string order;
  for (const KeyColumn& column : plan_.key)
    order += (order.empty() ? "" : ", ") + mysql::quoted_name(plan_.table.table) + "." +
             mysql::quoted_name(column.name);
  const mysql::Rows answer =
      session.query("SELECT " + key_select_list(plan_) + from_clause(plan_) + " WHERE " +
                    range_condition(plan_, {at_, std::nullopt}) + " ORDER BY " + order + " LIMIT " +
                    std::to_string(rows - 1) + ", 1");
  if (answer.rows.empty()) return std::nullopt;
  return key_from(plan_, answer, 0);
}

}  // namespace evenkeel::table_sync
