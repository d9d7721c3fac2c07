#include "visibility.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

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

Access access_to(mysql::SqlSession& session, const std::string& database) {
  try {
    session.query(probe_sql(database));
    return Access::granted;
  } catch (const mysql::SqlError& error) {
    const Access access = access_from(error.code());
    if (access == Access::granted) throw;  // some other error, which says nothing of it
    return access;
  }
}

bool may_select_from(mysql::SqlSession& session, const std::string& database) {
  return access_to(session, database) != Access::denied;
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

// Asks a server about databases that another one shows, which takes one question after the other.
class DatabaseSearch {
 public:
  DatabaseSearch(Crew& crew, Fleet& fleet, StopRequest& stop, double patience)
      : crew_(crew), fleet_(fleet), stop_(stop), patience_(patience) {}

  void look_at(std::size_t server, const std::string& database, std::size_t where, bool has_tables) {
    if (fleet_.failure_of(server)) return;
    const std::string name = clean(database, 64), shown = name + ", which " + fleet_.name(where) + " shows";
    const auto access = ask<Access>(
        server, database, shown,
        [database](std::size_t, mysql::SqlSession& session) { return access_to(session, database); });
    if (!access) return;
    if (*access == Access::denied)
      found_.push_back({server, database, false,
                        "may not read the database " + shown +
                            ": privilege missing: " + grant_on_database(database, fleet_[server].account)});
    // Of missing ones with tables, the tables tell.
    else if (!has_tables && is_missing(server, database, shown) && is_there(where, database, name) == true)
      found_.push_back({server, database, true, "the database " + name + " is missing"});
  }

  std::vector<HiddenDatabase> take() { return std::move(found_); }

 private:
  bool is_missing(std::size_t server, const std::string& database, const std::string& shown) {
    if (is_there(server, database, shown) != false) return false;
    if (waited_) return true;
    waited_ = stop_.sleep(std::chrono::duration<double>(patience_));
    return is_there(server, database, shown) == false;
  }

  // MariaDB gives the same error for a table and for a database that is not there.
  std::optional<bool> is_there(std::size_t server, const std::string& database, const std::string& shown) {
    return ask<bool>(server, database, shown, [database](std::size_t, mysql::SqlSession& session) {
      return !session
                  .query("SELECT 1 AS found FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = " +
                         text_literal(database))
                  .rows.empty();
    });
  }

  // Where there is no answer, that is what was found, unless it is the end of the run's doing.
  template <class Value, class Ask>
  std::optional<Value> ask(std::size_t server, const std::string& database, const std::string& shown,
                           Ask question) {
    auto replies = crew_.ask<Value>({server}, question);
    if (replies[0].value) return replies[0].value;
    const Failure& failure = *replies[0].failure;
    if (failure.loses_server(stop_) || failure.left_us_waiting())
      fleet_.lose(server, failure);
    else if (!stop_.made())
      found_.push_back(
          {server, database, false, "could not be asked about the database " + shown + ": " + failure.text});
    return std::nullopt;
  }

  Crew& crew_;
  Fleet& fleet_;
  StopRequest& stop_;
  double patience_;
  bool waited_ = false;
  std::vector<HiddenDatabase> found_;
};

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

std::vector<HiddenDatabase> hidden_databases(Crew& crew, Fleet& fleet, StopRequest& stop,
                                             const std::vector<Visibility>& visibility,
                                             const std::vector<TableDefinitions>& definitions,
                                             double patience) {
  std::map<std::string, std::size_t> shown;  // and on which server
  const std::vector<std::size_t> servers = fleet.answering();
  for (const std::size_t server : servers)
    for (const auto* names : {&visibility[server].shown, &visibility[server].partly})
      for (const std::string& database : *names) shown.emplace(database, server);
  DatabaseSearch search(crew, fleet, stop, patience);
  for (const auto& [database, where] : shown)
    for (const std::size_t server : servers)
      if (!visibility[server].shows(database))
        search.look_at(server, database, where, has_tables_of(definitions[where], database));
  return search.take();
}

}  // namespace evenkeel::table_sync
