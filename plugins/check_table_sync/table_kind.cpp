#include "table_kind.h"

#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

std::string words_for(const std::string& type) {
  const std::string kind = lower(type);
  if (kind == "base table" || kind == "system versioned") return {};
  if (kind == "view") return "is a view, which is not compared";
  if (kind == "sequence") return "is a sequence, which is not compared";
  if (kind == "system view") return "is a table of the server's own, which is not compared";
  if (kind.starts_with("temporary")) return "is a temporary table, which is not compared";
  return "is no base table but " + clean(type, 40) + ", which is not compared";
}

mysql::Rows tables_in_any_case(mysql::SqlSession& session, const TableName& name) {
  return session.query(
      "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE "
      "LOWER(TABLE_SCHEMA) = LOWER(" +
      text_literal(name.database) + ") AND LOWER(TABLE_NAME) = LOWER(" + text_literal(name.table) + ")");
}

}  // namespace

std::string why_not_compared(const mysql::Rows& rows, const TableName& name) {
  std::string other_case;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const TableName found{rows.at(row, "TABLE_SCHEMA").value_or(""), rows.at(row, "TABLE_NAME").value_or("")};
    if (found == name) return words_for(rows.at(row, "TABLE_TYPE").value_or(""));
    other_case = found.text();
  }
  if (other_case.empty()) return {};
  return "is called " + clean(other_case, 140) + " there (lower_case_table_names): name it so";
}

std::string why_not_compared(mysql::SqlSession& session, const TableName& name) {
  return why_not_compared(tables_in_any_case(session, name), name);
}

std::string name_in_other_case(mysql::SqlSession& session, const TableName& name) {
  const mysql::Rows rows = tables_in_any_case(session, name);
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const TableName found{rows.at(row, "TABLE_SCHEMA").value_or(""), rows.at(row, "TABLE_NAME").value_or("")};
    if (found != name) return clean(found.text(), 140);
  }
  return {};
}

}  // namespace evenkeel::table_sync
