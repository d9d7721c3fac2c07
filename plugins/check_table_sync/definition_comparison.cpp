#include "definition_comparison.h"

#include <algorithm>

#include "column_name.h"
#include "evenkeel/text.h"
#include "listed_words.h"

namespace evenkeel::table_sync {

namespace {

bool one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_integer(const std::string& type) {
  return one_of(type, {"tinyint", "smallint", "mediumint", "int", "bigint"});
}

bool is_character(const std::string& type) {
  return one_of(type, {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"});
}

bool is_binary(const std::string& type) {
  return one_of(type, {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"});
}

bool is_readable(const Column& column) {
  return is_character(column.data_type) ||
         one_of(column.data_type, {"json", "enum", "set", "uuid", "inet4", "inet6"});
}

// Columns of one kind hold values that can be held against each other, if need be by another encoding.
std::string kind_of(const Column& column) {
  const std::string& type = column.data_type;
  if (is_integer(type)) return "integer";
  if (type == "float" || type == "double") return "ieee";
  if (type == "datetime" || type == "timestamp") return "moment";
  if (is_character(type) || is_binary(type) || one_of(type, {"json", "enum", "set"})) return "string";
  return type;
}

// "utf8" is the old name of utf8mb3.
std::string normal_charset(const std::optional<std::string>& name) {
  if (!name) return "";
  std::string text = lower(*name);
  if (text == "utf8") return "utf8mb3";
  if (text.starts_with("utf8_")) return "utf8mb3_" + text.substr(5);
  return text;
}

// JSON is a type of its own in MySQL, and utf8mb4 text in MariaDB.
bool may_be_json(const Column& column) {
  return column.data_type == "json" || column.data_type == "longtext";
}

std::string describe(const Column& column) {
  std::string text = clean(normal_type(column), 200);
  if (column.collation) text += " " + normal_charset(column.collation);
  if (!column.nullable) text += " not null";
  if (column.generated == Column::Generated::stored) text += " stored";
  if (column.generated == Column::Generated::virtual_) text += " virtual";
  return text;
}

std::string difference_in_type(const Column& column, const Column& expected) {
  const bool json = (column.data_type == "json") != (expected.data_type == "json") && may_be_json(column) &&
                    may_be_json(expected);
  if (!json) {
    const std::string is = describe(column), was = describe(expected);
    if (is != was) return is + " instead of " + was;
  } else if (column.nullable != expected.nullable) {
    return column.nullable ? "may be NULL" : "may not be NULL";
  }
  return {};
}

// What the server puts into the column by itself.
std::string difference_in_values(const Column& column, const Column& expected, bool same_family) {
  if (!may_be_equal(column.default_value, expected.default_value, same_family))
    return "default " + clean(column.default_value.text(), 60) + " instead of " +
           clean(expected.default_value.text(), 60);
  const auto with_or_without = [](bool has, const char* what) {
    return std::string(has ? "with " : "without ") + what;
  };
  if (column.on_update != expected.on_update)
    return with_or_without(column.on_update, "ON UPDATE CURRENT_TIMESTAMP");
  if (column.auto_increment != expected.auto_increment)
    return with_or_without(column.auto_increment, "AUTO_INCREMENT");
  if (same_family && normal_expression(column.generation) != normal_expression(expected.generation))
    return "generated as " + clean(column.generation, 60) + " instead of " + clean(expected.generation, 60);
  return {};
}

std::string difference_of(const Column& column, const Column& expected, bool same_family) {
  const std::string text = difference_in_type(column, expected);
  return text.empty() ? difference_in_values(column, expected, same_family) : text;
}

// The primary key that MySQL makes itself. A replica may make one that its source has not.
bool is_made_by_server(const Column* column) {
  return column && lower(column->name) == "my_row_id" && column->invisible && column->auto_increment;
}

std::vector<std::string> names_in_common(const TableDefinition& table, const TableDefinition& other) {
  std::vector<std::string> names;
  for (const Column& column : table.columns)
    if (other.find(column.name)) names.push_back(folded_column(column.name));
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

const Key* first_key(const TableDefinition& table) { return table.keys.empty() ? nullptr : &table.keys[0]; }

bool same_columns(const Key& a, const Key& b) {
  return std::equal(
      a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
      [](const std::string& x, const std::string& y) { return folded_column(x) == folded_column(y); });
}

// A key that the server made itself, on a column that the other table has not.
bool is_hidden_key(const TableDefinition& table, const Key* key, const TableDefinition& other) {
  return key && key->columns.size() == 1 && is_made_by_server(table.find(key->columns[0])) &&
         !other.find(key->columns[0]);
}

// All that can be said against one server's table, in a few words each.
std::vector<std::string> differences_of(const TableDefinition& table, const TableDefinition& expected,
                                        const TableSelection& selection, bool same_family) {
  std::vector<std::string> texts;
  for (const Column& column : expected.columns) {
    if (selection.ignores(expected.name, column.name)) continue;
    const Column* mine = table.find(column.name);
    if (!mine && is_made_by_server(&column)) continue;
    const std::string text = mine ? difference_of(*mine, column, same_family) : "missing";
    if (!text.empty()) texts.push_back("column " + clean(column.name, 64) + ": " + text);
  }
  for (const Column& column : table.columns)
    if (!expected.find(column.name) && !is_made_by_server(&column) &&
        !selection.ignores(expected.name, column.name))
      texts.push_back("column " + clean(column.name, 64) + ": extra");
  const std::vector<std::string> order = names_in_common(table, expected);
  if (order != names_in_common(expected, table))
    texts.push_back("columns in another order: " + clean(joined(order), 200));
  const Key *key = first_key(table), *expected_key = first_key(expected);
  if (is_hidden_key(table, key, expected) || is_hidden_key(expected, expected_key, table)) return texts;
  if (expected_key && expected_key->primary() &&
      !(key && key->primary() && same_columns(*key, *expected_key)))
    texts.push_back(key && key->primary() ? "primary key (" + joined(key->columns) + ") instead of (" +
                                                clean(joined(expected_key->columns), 200) + ")"
                                          : "no primary key");
  if (!expected_key && key) texts.push_back("has the key (" + clean(joined(key->columns), 200) + ")");
  return texts;
}

// The same column on all servers that have the table.
using Columns = std::vector<const Column*>;

template <class Property>
bool all_same(const Columns& columns, Property property) {
  return std::all_of(columns.begin(), columns.end(),
                     [&](const Column* column) { return property(*column) == property(*columns[0]); });
}

Encoding string_encoding(const Columns& columns) {
  const bool words = one_of(columns[0]->data_type, {"enum", "set"});
  if (words && all_same(columns, normal_type) &&
      all_same(columns, [](const Column& c) { return normal_charset(c.charset); }))
    return Encoding::bits;
  const auto charset = [](const Column& c) {
    return c.data_type == "json" ? "utf8mb4" : normal_charset(c.charset);
  };
  const bool binary =
      std::any_of(columns.begin(), columns.end(), [&](const Column* c) { return charset(*c).empty(); });
  return binary || all_same(columns, charset) ? Encoding::bytes : Encoding::text;
}

// The encoding that is right for all of them; nothing where their values have nothing in common.
std::optional<Encoding> encoding_of(const Columns& columns) {
  if (!all_same(columns, kind_of)) return std::nullopt;
  const std::string kind = kind_of(*columns[0]);
  const bool same_scale = all_same(columns, [](const Column& c) { return c.scale; });
  const bool zerofill = std::any_of(columns.begin(), columns.end(), [](const Column* c) {
    return c->type.find("zerofill") != std::string::npos;
  });
  if (kind == "integer") return zerofill ? Encoding::bits : Encoding::number;
  if (kind == "year") return Encoding::number;
  if (kind == "decimal") return same_scale && !zerofill ? Encoding::number : Encoding::decimal;
  if (kind == "ieee") return Encoding::ieee;
  if (kind == "bit") return Encoding::bits;
  if (kind == "date") return Encoding::temporal;
  if (kind == "moment" || kind == "time") return same_scale ? Encoding::temporal : Encoding::moment;
  if (kind == "string") return string_encoding(columns);
  return Encoding::bytes;
}

// What is stored can drift; what is reckoned from it at each reading cannot, and when a row was written on
// this server (system versioning) is no part of its data.
bool holds_data(const Column& column) {
  return column.generated == Column::Generated::no || column.generated == Column::Generated::stored;
}

using Tables = std::vector<const TableDefinition*>;

std::optional<Columns> columns_everywhere(const std::string& name, const Tables& tables) {
  Columns columns;
  for (const TableDefinition* table : tables) {
    const Column* column = table->find(name);
    if (!column || !holds_data(*column)) return std::nullopt;
    columns.push_back(column);
  }
  return columns;
}

void add_columns(ComparisonPlan& plan, const Tables& tables, const TableSelection& selection,
                 std::vector<std::string>& remarks) {
  for (const Column& column : tables[0]->columns) {
    if (selection.ignores(plan.table, column.name)) continue;
    const std::optional<Columns> everywhere = columns_everywhere(column.name, tables);
    if (!everywhere) continue;
    const std::optional<Encoding> encoding = encoding_of(*everywhere);
    if (!encoding) {
      remarks.push_back("column " + clean(column.name, 64) +
                        " is of another kind elsewhere and not compared");
      continue;
    }
    ComparedColumn compared{column.name, *encoding, false, 0, is_readable(column)};
    for (const Column* one : *everywhere) {
      compared.nullable = compared.nullable || one->nullable;
      compared.scale = std::max(compared.scale, one->scale);
    }
    plan.columns.push_back(compared);
  }
}

bool is_unsigned(const Column& column) { return column.type.find("unsigned") != std::string::npos; }

// How range conditions write a column's values; nothing for one that cannot be cut along.
std::optional<KeyColumn> key_column(const Column& column, const ComparedColumn& compared) {
  KeyColumn key;
  key.name = compared.name;
  key.is_unsigned = is_unsigned(column);
  switch (compared.encoding) {
    case Encoding::bits:
      key.kind = KeyColumn::Kind::index;
      if (one_of(column.data_type, {"enum", "set"})) key.words = listed_words(column.type);
      key.is_set = column.data_type == "set";
      return key;
    case Encoding::number:
      key.kind = column.data_type == "decimal" ? KeyColumn::Kind::number : KeyColumn::Kind::integer;
      return key;
    case Encoding::temporal:
      key.kind = KeyColumn::Kind::temporal;
      return key;
    case Encoding::ieee:
      key.kind = KeyColumn::Kind::real;
      return key;
    case Encoding::bytes:
      if (is_character(column.data_type)) {
        key.kind = KeyColumn::Kind::text;
        key.charset = normal_charset(column.charset);
        return key;
      }
      if (one_of(column.data_type, {"uuid", "inet4", "inet6"})) {
        key.kind = KeyColumn::Kind::address;
        key.charset = column.data_type;
        return key;
      }
      if (!is_binary(column.data_type)) return std::nullopt;
      key.kind = KeyColumn::Kind::bytes;
      return key;
    default:
      return std::nullopt;
  }
}

std::optional<std::vector<KeyColumn>> key_columns(const Key& key, const Tables& tables,
                                                  const ComparisonPlan& plan) {
  std::vector<KeyColumn> columns;
  for (const std::string& name : key.columns) {
    const std::optional<Columns> everywhere = columns_everywhere(name, tables);
    const auto compared =
        std::find_if(plan.columns.begin(), plan.columns.end(),
                     [&](const ComparedColumn& c) { return folded_column(c.name) == folded_column(name); });
    if (!everywhere || compared == plan.columns.end()) return std::nullopt;
    std::optional<KeyColumn> one = key_column(*everywhere->front(), *compared);
    if (!one) return std::nullopt;
    // A DOUBLE has places between those of a FLOAT.
    if (one->kind == KeyColumn::Kind::real &&
        !all_same(*everywhere, [](const Column& c) { return c.data_type; }))
      return std::nullopt;
    one->same_sign = all_same(*everywhere, is_unsigned);
    one->is_utc = std::any_of(everywhere->begin(), everywhere->end(),
                              [](const Column* c) { return c->data_type == "timestamp"; });
    columns.push_back(*one);
  }
  return columns;
}

bool same_collations(const Key& key, const Tables& tables) {
  return std::all_of(key.columns.begin(), key.columns.end(), [&](const std::string& name) {
    const std::optional<Columns> columns = columns_everywhere(name, tables);
    return columns && all_same(*columns, [](const Column& c) { return normal_charset(c.collation); });
  });
}

// A key that each server has. One that is sorted alike everywhere goes first.
void choose_key(ComparisonPlan& plan, const Tables& tables) {
  for (const bool same_order : {true, false}) {
    for (const Key& key : tables[0]->keys) {
      bool same_name = true;
      const bool everywhere = std::all_of(tables.begin(), tables.end(), [&](const TableDefinition* table) {
        return std::any_of(table->keys.begin(), table->keys.end(), [&](const Key& other) {
          same_name = same_name && other.name == key.name;
          return same_columns(key, other);
        });
      });
      if (!everywhere || (same_order && !same_collations(key, tables))) continue;
      const auto columns = key_columns(key, tables, plan);
      if (!columns) continue;
      plan.key = *columns;
      plan.key_name = same_name ? key.name : "";
      return;
    }
  }
}

std::optional<ComparisonPlan> plan_of(const Tables& tables, const TableSelection& selection,
                                      const std::string& where, std::vector<std::string>& remarks) {
  ComparisonPlan plan;
  plan.table = tables[0]->name;
  plan.where = where;
  for (const TableDefinition* table : tables) {
    plan.estimated_rows = std::max(plan.estimated_rows, table->estimated_rows);
    plan.data_bytes = std::max(plan.data_bytes, table->data_bytes);
  }
  add_columns(plan, tables, selection, remarks);
  if (plan.columns.empty()) return std::nullopt;
  choose_key(plan, tables);
  if (!plan.has_key()) remarks.push_back("no usable key: compared whole, no rows named");
  return plan;
}

}  // namespace

std::string normal_type(const Column& column) {
  std::string type = column.type;
  if (is_integer(column.data_type) || column.data_type == "year") {
    // The display width, which MySQL 8.0.19 dropped but for zerofill.
    const auto open = type.find('('), close = type.find(')');
    if (open != std::string::npos && close != std::string::npos && type.find("zerofill") == std::string::npos)
      type.erase(open, close - open + 1);
  }
  if (column.data_type == "geometrycollection") return column.data_type;
  // MariaDB 10.x remarks temporal columns of an old format.
  const auto remark = type.find(" /*");
  return remark == std::string::npos ? type : type.substr(0, remark);
}

DefinitionComparison compare_definitions(const TableName& table, const std::vector<DefinitionOn>& servers,
                                         std::size_t reference, const TableSelection& selection,
                                         const std::string& where) {
  DefinitionComparison result;
  result.table = table;
  Tables present;
  std::optional<std::size_t> base;
  if (servers[reference].definition) base = reference;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (!servers[i].definition)
      result.missing_on.push_back(i);
    else if (!base)
      base = i;
  }
  if (!base) return result;
  const TableDefinition& expected = *servers[*base].definition;
  present.push_back(&expected);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (i == *base || !servers[i].definition) continue;
    present.push_back(servers[i].definition);
    const bool same_family = servers[i].dialect.family == servers[*base].dialect.family;
    const std::vector<std::string> texts =
        differences_of(*servers[i].definition, expected, selection, same_family);
    for (const std::string& text : texts) result.differences.push_back({i, text});
  }
  if (present.size() < 2 && servers.size() > 1) return result;
  if (std::any_of(present.begin(), present.end(), [](const TableDefinition* one) { return one->versioned; }))
    result.remarks.emplace_back("the history of its rows is not compared");
  result.plan = plan_of(present, selection, where, result.remarks);
  return result;
}

}  // namespace evenkeel::table_sync
