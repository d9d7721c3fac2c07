#include "visibility.h"

#include <algorithm>
#include <map>

#include "evenkeel/mysql/grants.h"
#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t most_databases = 200;  // asked for one by one
constexpr std::size_t most_named = 5;
constexpr const char* no_such_name = "evenkeel_no_such_name";

enum class Access { granted, missing, denied };

// A server checks privileges before it looks whether there is such a table.
Access access_from(int code) {
  if (code == 1146 || code == 1049) return Access::missing;
  return code == 1142 || code == 1143 || code == 1044 ? Access::denied : Access::granted;
}

std::string probe_sql(const std::string& database) {
  return "SELECT 1 FROM " + TableName{database, no_such_name}.sql() + " LIMIT 0";
}

bool may_select_from(mysql::SqlSession& session, const std::string& database) {
  try {
    session.query(probe_sql(database));
    return true;
  } catch (const mysql::SqlError& error) {
    if (access_from(error.code()) == Access::granted) throw;
    return access_from(error.code()) == Access::missing;
  }
}

// "REVOKE SELECT, INSERT ON `shop`.* FROM …": what a global privilege does not hold for.
std::set<std::string> withdrawn_from(const mysql::Rows& grants) {
  std::set<std::string> databases;
  for (const auto& row : grants.rows) {
    const std::string line = row.empty() ? "" : row[0].value_or("");
    const std::size_t name = line.find(" ON `"), end = line.find("`.* FROM ");
    if (!line.starts_with("REVOKE ") || name == std::string::npos || end == std::string::npos || end < name)
      continue;
    if (line.substr(0, name).find("SELECT") != std::string::npos)
      databases.insert(line.substr(name + 5, end - name - 5));
  }
  return databases;
}

bool has_tables_of(const TableDefinitions& definitions, const std::string& database) {
  return std::any_of(definitions.begin(), definitions.end(),
                     [&](const auto& entry) { return entry.first.database == database; });
}

std::vector<std::string> databases_meant(mysql::SqlSession& session, const TableSelection& selection) {
  const mysql::Rows rows = session.query("SELECT SCHEMA_NAME AS d FROM information_schema.SCHEMATA");
  std::vector<std::string> databases;
  for (std::size_t row = 0; row < rows.rows.size() && databases.size() < most_databases; ++row) {
    const std::string name = rows.at(row, "d").value_or("");
    if (!is_system_database(name) && selection.ranges_over(name)) databases.push_back(name);
  }
  return databases;
}

std::string list_of(const std::set<std::string>& names) {
  std::string list;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (++count > most_named) return list + ", …";
    list += (list.empty() ? "" : ", ") + clean(name, 64);
  }
  return list;
}

std::string grant_on_database(const std::string& database, const std::string& account) {
  return mysql::grant_for_table(mysql::quoted_name(database) + ".*", account);
}

}  // namespace

Visibility read_visibility(mysql::SqlSession& session, const Dialect& dialect,
                           const TableSelection& selection, const TableDefinitions& definitions) {
  Visibility visibility;
  const bool global = may_select_from(session, no_such_name);
  if (global && !dialect.is_mariadb()) {
    for (const std::string& database : withdrawn_from(session.query("SHOW GRANTS")))
      if (!is_system_database(database) && selection.ranges_over(database))
        visibility.withdrawn.insert(database);
  }
  for (const std::string& database : databases_meant(session, selection)) {
    if (visibility.withdrawn.contains(database)) continue;
    if (global || may_select_from(session, database))
      visibility.shown.insert(database);
    else if (has_tables_of(definitions, database))
      visibility.partly.insert(database);
    else
      visibility.closed.insert(database);
  }
  visibility.databases_hidden = !global && selection.ranges_over_databases();
  visibility.everything = visibility.withdrawn.empty() && visibility.partly.empty() &&
                          visibility.closed.empty() && !visibility.databases_hidden;
  return visibility;
}

std::string visibility_text(const Visibility& visibility, const std::string& account) {
  if (visibility.everything) return {};
  std::string text = "the account sees ";
  if (!visibility.shown.empty()) text += list_of(visibility.shown);
  if (!visibility.partly.empty())
    text +=
        std::string(visibility.shown.empty() ? "" : " and ") + "some tables of " + list_of(visibility.partly);
  text += visibility.shown.empty() && visibility.partly.empty() ? "no database" : " only";
  std::set<std::string> refused = visibility.closed;
  refused.insert(visibility.withdrawn.begin(), visibility.withdrawn.end());
  if (!refused.empty()) text += ", not " + list_of(refused);
  if (visibility.databases_hidden) return text + ": " + mysql::grant_for_table("*.*", account);
  const std::set<std::string>& wanted = visibility.partly.empty() ? refused : visibility.partly;
  return text + ": " + grant_on_database(*wanted.begin(), account) + (wanted.size() > 1 ? ", …" : "");
}

std::vector<HiddenDatabase> hidden_databases(Crew& crew, const Fleet& fleet, StopRequest& stop,
                                             const std::vector<Visibility>& visibility,
                                             const std::vector<TableDefinitions>& definitions,
                                             double patience) {
  std::map<std::string, std::size_t> shown;  // and on which server
  const std::vector<std::size_t> servers = fleet.answering();
  for (const std::size_t server : servers)
    for (const auto* names : {&visibility[server].shown, &visibility[server].partly})
      for (const std::string& database : *names) shown.emplace(database, server);
  const auto access = [&](std::size_t server, const std::string& database) {
    const auto replies = crew.ask<bool>({server}, [database](std::size_t, mysql::SqlSession& session) {
      session.query(probe_sql(database));
      return true;
    });
    return replies[0].failure ? access_from(replies[0].failure->code) : Access::granted;
  };
  // MariaDB gives the same error for a table and for a database that is not there.
  const auto is_there = [&](std::size_t server, const std::string& database) {
    const auto replies = crew.ask<bool>({server}, [database](std::size_t, mysql::SqlSession& session) {
      return !session
                  .query("SELECT 1 AS found FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = " +
                         text_literal(database))
                  .rows.empty();
    });
    return replies[0].value.value_or(true);
  };
  std::vector<HiddenDatabase> hidden;
  bool waited = false;
  for (const auto& [database, where] : shown)
    for (const std::size_t server : servers) {
      if (visibility[server].shows(database)) continue;
      const std::string name = clean(database, 64);
      if (access(server, database) == Access::denied) {
        hidden.push_back(
            {server, database, false,
             "may not read the database " + name + ", which " + fleet.name(where) +
                 " shows: privilege missing: " + grant_on_database(database, fleet[server].account)});
      } else if (!has_tables_of(definitions[where], database)) {
        if (!waited && !is_there(server, database))
          waited = stop.sleep(std::chrono::duration<double>(patience));
        if (!is_there(server, database) && is_there(where, database))
          hidden.push_back({server, database, true, "the database " + name + " is missing"});
      }
    }
  return hidden;
}

}  // namespace evenkeel::table_sync
