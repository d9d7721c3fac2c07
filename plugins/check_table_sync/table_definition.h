// What a table looks like on one server, as information_schema tells it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "column_default.h"
#include "dialect.h"
#include "evenkeel/mysql/sql_session.h"
#include "table_name.h"
#include "table_pattern.h"

namespace evenkeel::table_sync {

struct Column {
  std::string name;
  std::string type;                    // COLUMN_TYPE as the server writes it: "int(11) unsigned"
  std::string data_type;               // DATA_TYPE in lower case: "int", "json"
  std::optional<std::string> charset;  // only for text; "binary" is none
  std::optional<std::string> collation;
  ColumnDefault default_value;
  std::string generation;  // the expression of a generated column, as the server writes it
  int scale = 0;           // digits after the point: decimal, datetime, time, timestamp
  bool nullable = false;
  bool invisible = false;
  bool auto_increment = false;
  bool on_update = false;  // ON UPDATE CURRENT_TIMESTAMP
  enum class Generated { no, stored, virtual_, row_version } generated = Generated::no;
};

// A unique key on columns that are never NULL, none of them by prefix or expression only.
struct Key {
  std::string name;  // "PRIMARY" for the primary key
  std::vector<std::string> columns;

  bool primary() const { return name == "PRIMARY"; }
};

struct TableDefinition {
  TableName name;
  std::string engine;
  bool versioned = false;            // its history is not read
  bool partitioned = false;          // read like any other table
  std::uint64_t estimated_rows = 0;  // the server's guess, for sizing chunks only
  std::uint64_t data_bytes = 0;
  std::vector<Column> columns;  // in the table's order
  std::vector<Key> keys;        // the primary key first, then by name

  const Column* find(std::string_view column) const;
};

using TableDefinitions = std::map<TableName, TableDefinition>;

// All selected base tables (no views, no system schemas, no temporary tables and sequences) of one server, in
// one query for the names and two per up to 100 tables of one database. A name pattern without wildcards asks
// for its database only. Throws SqlError; answers that make no sense are Error(Fault::protocol). `lower_case`
// of a server that folds names (lower_case_table_names) is honoured: names come as it keeps them.
TableDefinitions read_definitions(mysql::SqlSession& session, const Dialect& dialect,
                                  const TableSelection& selection);

// The pure parts of it.
std::string tables_sql(const TableSelection& selection);
std::string columns_sql(const std::string& database, const std::vector<std::string>& tables);
std::string keys_sql(const std::string& database, const std::vector<std::string>& tables);
std::string sequences_sql(const TableSelection& selection);
std::string table_names_sql(const TableSelection& selection);  // of all kinds
TableDefinitions tables_from(const mysql::Rows& rows, const TableSelection& selection);
void add_columns(const std::string& database, const mysql::Rows& rows, const Dialect& dialect,
                 TableDefinitions& tables);
void add_keys(const std::string& database, const mysql::Rows& rows,
              TableDefinitions& tables);  // after the columns

}  // namespace evenkeel::table_sync
