// Which tables and columns the user means: --table, --ignore-table, --ignore-column.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "table_name.h"

namespace evenkeel::table_sync {

// Words with * (any run of bytes) and ? (one character). Each part may stand in backquotes, where a dot, *
// and ? are themselves and a backquote is doubled: `odd.name`.flags. Databases and tables match by case, as
// they do on a server that does not fold their names; columns match in any case.
class NamePattern {
 public:
  // `parts` names separated by dots; Error(Fault::usage) names `option`, the text and what is expected.
  static NamePattern parse(const std::string& option, std::string_view text, std::size_t parts);

  bool matches(const std::vector<std::string_view>& names) const;
  // What the first parts say alone.
  bool begins_with(const std::vector<std::string_view>& names) const;
  bool literal() const;  // no wildcard anywhere: a table named like this must be there
  const std::string& text() const { return text_; }
  // Its first two parts mean this table.
  bool means_table(const TableName& name) const { return begins_with({name.database, name.table}); }
  // Of three parts: the column, in any case.
  bool means_column(const TableName& name, std::string_view column) const;
  // The database where that part has no wildcard.
  std::optional<std::string> database() const;
  // The name of a literal pattern; without the column where there is one.
  TableName table() const;

 private:
  struct Piece {
    enum Kind { bytes, any_run, one } kind = bytes;
    std::string text;
  };
  using Part = std::vector<Piece>;
  void fold_columns();
  static bool part_matches(const Part& part, std::string_view name);
  static bool part_is_literal(const Part& part);

  std::string text_;
  std::vector<Part> parts_;
};

class TableSelection {
 public:
  // The values of the options as given; "*.*" is every table that is not the server's own.
  TableSelection(const std::vector<std::string>& tables, const std::vector<std::string>& ignored_tables,
                 const std::vector<std::string>& ignored_columns);

  bool selects(const TableName& name) const;
  // --table means it, and --ignore-table, too.
  bool leaves_out(const TableName& name) const;
  bool ignores(const TableName& name, std::string_view column) const;
  // Columns of it may be ignored, whatever their names.
  bool ignores_some_of(const TableName& name) const;

  // Whether it means tables of the database by a wildcard, or databases by one: it is not told what there is.
  bool ranges_over(std::string_view database) const;
  bool ranges_over_databases() const;

  const std::vector<NamePattern>& tables() const { return tables_; }
  const std::vector<NamePattern>& ignored_tables() const { return ignored_tables_; }
  const std::vector<NamePattern>& ignored_columns() const { return ignored_columns_; }
  // Tables named without a wildcard and not ignored: missing on all servers, they are still missing.
  std::vector<TableName> named() const;

 private:
  std::vector<NamePattern> tables_, ignored_tables_, ignored_columns_;
};

// mysql, information_schema, performance_schema, sys: never compared.
bool is_system_database(std::string_view database);

}  // namespace evenkeel::table_sync
