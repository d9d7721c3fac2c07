#include "table_definition.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "column_name.h"
#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t tables_per_query = 100;

std::string needed(const mysql::Rows& rows, std::size_t row, std::string_view column) {
  const mysql::Cell cell = rows.at(row, column);
  if (!cell)
    throw Error(Fault::protocol, "information_schema says nothing in its column " + std::string(column));
  return *cell;
}

std::uint64_t number_or_zero(const mysql::Cell& cell) {
  std::uint64_t number = 0;
  if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), number);
  return number;
}

bool says(const mysql::Cell& cell, std::string_view word) {
  return cell && lower(*cell).find(word) != std::string::npos;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + text_literal(name);
  return list;
}

std::string in_tables(const std::string& database, const std::vector<std::string>& tables) {
  return " WHERE TABLE_SCHEMA = " + text_literal(database) + " AND TABLE_NAME IN (" + list_of(tables) + ")";
}

Column::Generated generated_from(const mysql::Rows& rows, std::size_t row) {
  const mysql::Cell extra = rows.at(row, "EXTRA");
  const std::string expression = lower(rows.at(row, "GENERATION_EXPRESSION").value_or(""));
  if (expression == "row start" || expression == "row end") return Column::Generated::row_version;
  if (says(extra, "virtual")) return Column::Generated::virtual_;
  // Not MySQL's DEFAULT_GENERATED, which is a default.
  if (says(extra, "stored generated") || says(extra, "persistent")) return Column::Generated::stored;
  return Column::Generated::no;
}

bool is_word(std::string_view text) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789_";
  return !text.empty() && text.size() <= 64 && text.find_first_not_of(allowed) == std::string_view::npos;
}

// Character sets cannot be quoted where SQL names them, so nothing else may come in here.
std::optional<std::string> charset_word(const mysql::Rows& rows, std::size_t row, std::string_view column) {
  const mysql::Cell cell = rows.at(row, column);
  if (!cell) return std::nullopt;
  const std::string word = lower(*cell);
  if (!is_word(word))
    throw Error(Fault::protocol, "information_schema: \"" + clean(*cell, 40) + "\" in " +
                                     std::string(column) + " is no name of a character set");
  // For ENUM and SET of bytes, some servers name it and some do not.
  if (word == "binary") return std::nullopt;
  return word;
}

DefaultOf default_of(const Column& column) {
  constexpr std::array numbers{"tinyint", "smallint", "mediumint", "int",  "bigint",
                               "decimal", "float",    "double",    "year", "bit"};
  constexpr std::array moments{"datetime", "timestamp", "date", "time"};
  const auto is_one_of = [&](const auto& types) {
    return std::find(types.begin(), types.end(), column.data_type) != types.end();
  };
  if (is_one_of(numbers)) return DefaultOf::number;
  if (is_one_of(moments)) return DefaultOf::moment;
  return column.charset || column.data_type == "json" ? DefaultOf::text : DefaultOf::bytes;
}

Column column_from(const mysql::Rows& rows, std::size_t row, const Dialect& dialect) {
  Column column;
  column.name = needed(rows, row, "COLUMN_NAME");
  column.type = needed(rows, row, "COLUMN_TYPE");
  column.data_type = lower(needed(rows, row, "DATA_TYPE"));
  if (column.data_type == "geomcollection") column.data_type = "geometrycollection";  // MySQL's name for it
  column.charset = charset_word(rows, row, "CHARACTER_SET_NAME");
  column.collation = charset_word(rows, row, "COLLATION_NAME");
  const mysql::Cell scale =
      column.data_type == "decimal" ? rows.at(row, "NUMERIC_SCALE") : rows.at(row, "DATETIME_PRECISION");
  column.scale = static_cast<int>(std::min<std::uint64_t>(number_or_zero(scale), 38));
  column.nullable = needed(rows, row, "IS_NULLABLE") == "YES";
  column.invisible = says(rows.at(row, "EXTRA"), "invisible");
  column.auto_increment = says(rows.at(row, "EXTRA"), "auto_increment");
  column.on_update = says(rows.at(row, "EXTRA"), "on update");
  column.generated = generated_from(rows, row);
  column.generation = rows.at(row, "GENERATION_EXPRESSION").value_or("");
  column.default_value =
      default_from(rows.at(row, "COLUMN_DEFAULT"), says(rows.at(row, "EXTRA"), "default_generated"),
                   default_of(column), dialect);
  return column;
}

// The part of one index that a row of STATISTICS tells.
struct KeyPart {
  std::string table, index;
  mysql::Cell column;  // NULL: an expression
  bool usable = false;
};

KeyPart key_part_from(const mysql::Rows& rows, std::size_t row) {
  KeyPart part{needed(rows, row, "TABLE_NAME"), needed(rows, row, "INDEX_NAME"), rows.at(row, "COLUMN_NAME"),
               true};
  const bool nullable = says(rows.at(row, "NULLABLE"), "yes");
  const bool hidden = says(rows.at(row, "IS_VISIBLE"), "no") || says(rows.at(row, "IGNORED"), "yes");
  // MariaDB's unique keys over whole BLOBs are hashes: they answer no range.
  const bool ordered = says(rows.at(row, "INDEX_TYPE"), "btree");
  part.usable = part.column && !nullable && !hidden && ordered && !rows.at(row, "SUB_PART");
  return part;
}

void sort_keys(TableDefinition& table) {
  std::stable_sort(table.keys.begin(), table.keys.end(),
                   [](const Key& a, const Key& b) { return a.primary() && !b.primary(); });
}

}  // namespace

const Column* TableDefinition::find(std::string_view column) const {
  // As servers do: column names match in any case.
  const std::string wanted = folded_column(column);
  for (const Column& candidate : columns)
    if (folded_column(candidate.name) == wanted) return &candidate;
  return nullptr;
}

namespace {

std::string in_databases(const TableSelection& selection) {
  std::string databases;
  for (const NamePattern& pattern : selection.tables()) {
    const std::optional<std::string> database = pattern.database();
    if (!database) return {};
    databases += (databases.empty() ? "" : ", ") + text_literal(*database);
  }
  return " AND TABLE_SCHEMA IN (" + databases + ")";
}

}  // namespace

std::string tables_sql(const TableSelection& selection) {
  return "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH, CREATE_OPTIONS "
         "FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND "
         "TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')" +
         in_databases(selection);
}

std::string sequences_sql(const TableSelection& selection) {
  return "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'SEQUENCE'" +
         in_databases(selection);
}

std::string table_names_sql(const TableSelection& selection) {
  return "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ('mysql', "
         "'information_schema', 'performance_schema', 'sys')" +
         in_databases(selection);
}

std::string columns_sql(const std::string& database, const std::vector<std::string>& tables) {
  return "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT, IS_NULLABLE, DATA_TYPE, NUMERIC_SCALE, "
         "DATETIME_PRECISION, CHARACTER_SET_NAME, COLLATION_NAME, COLUMN_TYPE, EXTRA, GENERATION_EXPRESSION "
         "FROM information_schema.COLUMNS" +
         in_tables(database, tables) + " ORDER BY TABLE_NAME, ORDINAL_POSITION";
}

std::string keys_sql(const std::string& database, const std::vector<std::string>& tables) {
  // All columns, since whether an index may be used is told in columns that not every version has. Left in
  // the server's own order: InnoDB sorts rows by the first of such keys where there is no primary key.
  return "SELECT * FROM information_schema.STATISTICS" + in_tables(database, tables) + " AND NON_UNIQUE = 0";
}

TableDefinitions tables_from(const mysql::Rows& rows, const TableSelection& selection) {
  TableDefinitions tables;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    TableDefinition table;
    table.name = {needed(rows, row, "TABLE_SCHEMA"), needed(rows, row, "TABLE_NAME")};
    if (!selection.selects(table.name)) continue;
    table.engine = rows.at(row, "ENGINE").value_or("");
    table.versioned = says(rows.at(row, "TABLE_TYPE"), "versioned");
    table.partitioned = says(rows.at(row, "CREATE_OPTIONS"), "partitioned");
    table.estimated_rows = number_or_zero(rows.at(row, "TABLE_ROWS"));
    table.data_bytes = number_or_zero(rows.at(row, "DATA_LENGTH"));
    tables.emplace(table.name, std::move(table));
  }
  return tables;
}

void add_columns(const std::string& database, const mysql::Rows& rows, const Dialect& dialect,
                 TableDefinitions& tables) {
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const auto table = tables.find({database, needed(rows, row, "TABLE_NAME")});
    if (table != tables.end()) table->second.columns.push_back(column_from(rows, row, dialect));
  }
}

void add_keys(const std::string& database, const mysql::Rows& rows, TableDefinitions& tables) {
  std::map<std::pair<std::string, std::string>, bool> usable;  // (table, index)
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const KeyPart part = key_part_from(rows, row);
    bool& good = usable.emplace(std::pair(part.table, part.index), true).first->second;
    good = good && part.usable;
    const auto table = tables.find({database, part.table});
    if (table == tables.end() || !part.column) continue;
    std::vector<Key>& keys = table->second.keys;
    const auto same =
        std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == part.index; });
    Key& key = same == keys.end() ? keys.emplace_back(Key{part.index, {}}) : *same;
    const auto position = number_or_zero(rows.at(row, "SEQ_IN_INDEX"));
    if (position < 1 || position > 64)
      throw Error(Fault::protocol, "information_schema: no place in an index");
    key.columns.resize(std::max<std::size_t>(key.columns.size(), position));
    key.columns[position - 1] = *part.column;
  }
  for (auto& [name, table] : tables) {
    if (name.database != database) continue;
    std::erase_if(table.keys, [&, &owner = name.table](const Key& key) {
      const auto found = usable.find({owner, key.name});
      return found != usable.end() && !found->second;
    });
    sort_keys(table);
  }
}

TableDefinitions read_definitions(mysql::SqlSession& session, const Dialect& dialect,
                                  const TableSelection& selection) {
  TableDefinitions tables = tables_from(session.query(tables_sql(selection)), selection);
  std::map<std::string, std::vector<std::string>> by_database;
  for (const auto& [name, table] : tables) by_database[name.database].push_back(name.table);
  for (const auto& [database, names] : by_database) {
    for (std::size_t at = 0; at < names.size(); at += tables_per_query) {
      const auto end =
          names.begin() + static_cast<std::ptrdiff_t>(std::min(at + tables_per_query, names.size()));
      const std::vector<std::string> some(names.begin() + static_cast<std::ptrdiff_t>(at), end);
      add_columns(database, session.query(columns_sql(database, some)), dialect, tables);
      add_keys(database, session.query(keys_sql(database, some)), tables);
    }
  }
  return tables;
}

}  // namespace evenkeel::table_sync
