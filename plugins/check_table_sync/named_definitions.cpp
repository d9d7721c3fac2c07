#include "named_definitions.h"

#include <algorithm>
#include <map>
#include <vector>

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t tables_per_query = 100;

// The columns as the server describes them, and the keys; not its guesses of sizes, which change by
// themselves.
std::map<std::string, std::string> texts_of(const mysql::Rows& columns, const TableDefinitions& tables) {
  std::map<std::string, std::string> texts;
  for (std::size_t row = 0; row < columns.rows.size(); ++row) {
    std::string& text = texts[columns.at(row, "TABLE_NAME").value_or("")];
    for (const mysql::Cell& cell : columns.rows[row]) text += (cell ? "=" + *cell : "-") + '\n';
  }
  for (const auto& [name, table] : tables) {
    std::string& text = texts[name.table];
    text += table.engine + (table.partitioned ? " partitioned" : "");
    for (const Key& key : table.keys) {
      text += "\nkey " + key.name;
      for (const std::string& column : key.columns) text += '\n' + column;
    }
  }
  return texts;
}

void read_some(mysql::SqlSession& session, const Dialect& dialect, const std::string& database,
               const std::vector<std::string>& names, NamedDefinitions& all) {
  std::vector<std::string> patterns;
  std::string list;
  for (const std::string& name : names) {
    patterns.push_back(TableName{database, name}.sql());
    list += (list.empty() ? "" : ", ") + text_literal(name);
  }
  const TableSelection selection(patterns, {}, {});
  TableDefinitions tables =
      tables_from(session.query(tables_sql(selection) + " AND TABLE_NAME IN (" + list + ")"), selection);
  if (tables.empty()) return;
  std::vector<std::string> found;
  for (const auto& [name, table] : tables) found.push_back(name.table);
  const mysql::Rows columns = session.query(columns_sql(database, found));
  add_columns(database, columns, dialect, tables);
  add_keys(database, session.query(keys_sql(database, found)), tables);
  auto texts = texts_of(columns, tables);
  for (auto& [name, table] : tables)
    if (!table.columns.empty()) all[name] = {std::move(table), std::move(texts[name.table])};
}

}  // namespace

NamedDefinitions read_named_definitions(mysql::SqlSession& session, const Dialect& dialect,
                                        const std::set<TableName>& names) {
  std::map<std::string, std::vector<std::string>> by_database;
  for (const TableName& name : names) by_database[name.database].push_back(name.table);
  NamedDefinitions all;
  for (const auto& [database, tables] : by_database)
    for (std::size_t at = 0; at < tables.size(); at += tables_per_query) {
      const auto end =
          tables.begin() + static_cast<std::ptrdiff_t>(std::min(at + tables_per_query, tables.size()));
      read_some(session, dialect, database, {tables.begin() + static_cast<std::ptrdiff_t>(at), end}, all);
    }
  return all;
}

}  // namespace evenkeel::table_sync
