#include "survey.h"

#include <algorithm>
#include <set>
#include <thread>

#include "applier.h"
#include "evenkeel/mysql/grants.h"
#include "replica_status.h"
#include "table_kind.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t most_probed = 100;  // in one database

// Servers do not tell of columns that the account may not read: drift in them would go unnoticed.
struct ColumnRights {
  std::set<TableName> some;              // tables that it has rights on single columns of
  std::set<TableName> partly_visible;    // and of which it may not read all that is to be compared
  std::map<TableName, Failure> unknown;  // and of which it could not be asked what it may read
};

// A table that is swapped for another is back in a moment.
constexpr int most_tries = 3;
constexpr std::chrono::milliseconds between_tries(20);

struct First {
  std::string version;
  Dialect dialect;
  std::string account;
  std::optional<ReplicaStatus> replication;
  Failure no_replication;           // where there is no status
  bool replication_hidden = false;  // a GRANT would show it
  std::string log_name;
  TableDefinitions definitions;
  ColumnRights columns;
  std::set<TableName> left_out;
  Visibility visibility;
  std::set<TableName> sequences;
};

// Without --max-lag, not seeing it is no failure: it only says more than GTIDs do.
void read_replication(First& first, mysql::SqlSession& session) {
  try {
    first.replication = read_replica_status(first.dialect, session);
  } catch (const mysql::SqlError& error) {
    if (!error.lacks_privilege() && error.fault() != Fault::protocol) throw;
    first.no_replication = Failure::from(std::current_exception());
    first.replication_hidden = error.lacks_privilege();
  }
}

// For --max-lag.
Failure no_replication(const First& first, const std::string& account) {
  Failure failure = first.no_replication;
  const auto version = mysql::ServerVersion::parse(first.version);
  failure.text =
      "--max-lag: " + (first.replication_hidden
                           ? "privilege missing: " + mysql::grant_for_replica_status(version, account)
                           : "the replication status could not be read: " + failure.text);
  return failure;
}

// Where an account has no right at all on a table, the server does not tell whether it is there.
bool is_denied(int code) { return code == 1142 || code == 1143 || code == 1044 || code == 1370; }

bool is_missing(int code) { return code == 1146 || code == 1049; }

void touch_all_columns(mysql::SqlSession& session, const TableName& name) {
  for (int tries = 1;; ++tries) {
    try {
      session.query("SELECT * FROM " + name.sql() + " LIMIT 0");
      return;
    } catch (const mysql::SqlError&) {
      if (tries == most_tries || !Failure::from(std::current_exception()).table_changed()) throw;
    }
    std::this_thread::sleep_for(between_tries);
  }
}

// The failure keeps no error number: by its number, the comparison would read a table that has changed once
// more, with the columns that show, or blame --where for a syntax error.
void find_out_rights(mysql::SqlSession& session, const TableName& name, ColumnRights& rights) {
  try {
    touch_all_columns(session, name);
  } catch (const mysql::SqlError& error) {
    const Failure failure = Failure::from(std::current_exception());
    if (failure.server_is_lost()) throw;
    if (is_denied(error.code()))
      rights.partly_visible.insert(name);
    else if (failure.statement_took_too_long())
      rights.unknown[name] = Failure::too_slow();
    else
      rights.unknown[name] = {failure.fault, 0, "its columns could not be looked at: " + failure.text};
  }
}

ColumnRights read_column_rights(mysql::SqlSession& session, const TableDefinitions& definitions,
                                const TableSelection& selection) {
  ColumnRights rights;
  const mysql::Rows rows = session.query(
      "SELECT DISTINCT TABLE_SCHEMA AS d, TABLE_NAME AS t FROM information_schema.COLUMN_PRIVILEGES");
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const TableName name{rows.at(row, "d").value_or(""), rows.at(row, "t").value_or("")};
    if (!definitions.contains(name)) continue;
    rights.some.insert(name);
    if (!selection.ignores_some_of(name)) find_out_rights(session, name, rights);
  }
  return rights;
}

std::set<TableName> read_left_out(mysql::SqlSession& session, const TableSelection& selection) {
  std::set<TableName> tables;
  if (selection.ignored_tables().empty()) return tables;
  const mysql::Rows rows = session.query(table_names_sql(selection));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const TableName name{rows.at(row, "TABLE_SCHEMA").value_or(""), rows.at(row, "TABLE_NAME").value_or("")};
    if (selection.leaves_out(name)) tables.insert(name);
  }
  return tables;
}

std::set<TableName> read_sequences(mysql::SqlSession& session, const TableSelection& selection) {
  std::set<TableName> sequences;
  const mysql::Rows rows = session.query(sequences_sql(selection));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const TableName name{rows.at(row, "TABLE_SCHEMA").value_or(""), rows.at(row, "TABLE_NAME").value_or("")};
    if (selection.selects(name)) sequences.insert(name);
  }
  return sequences;
}

First ask_first(mysql::SqlSession& session, const TableSelection& selection) {
  First first;
  first.account = mysql::account_of(session);
  first.version = session.server_version();
  first.dialect = Dialect::of(first.version);
  read_replication(first, session);
  first.log_name = log_name_of(first.dialect, session);
  first.definitions = read_definitions(session, first.dialect, selection);
  first.columns = read_column_rights(session, first.definitions, selection);
  first.left_out = read_left_out(session, selection);
  first.visibility = read_visibility(session, first.dialect, selection, first.definitions);
  if (first.dialect.is_mariadb()) first.sequences = read_sequences(session, selection);
  return first;
}

std::set<TableName> all_tables(const Survey& survey, const TableSelection& selection) {
  std::set<TableName> names;
  for (const TableDefinitions& of_server : survey.definitions)
    for (const auto& [name, definition] : of_server) names.insert(name);
  for (const TableName& name : selection.named()) names.insert(name);
  return names;
}

void deny(const Fleet& fleet, TableReading& table, std::size_t server) {
  table.denied[server] = mysql::grant_for_table(table.table.sql(), fleet[server].account);
}

// A table that answers and is a base table was created since the tables were listed: it stays among the
// missing ones, which are looked at again; so does one that the end of the run leaves no answer about.
void probe_missing(Crew& crew, Fleet& fleet, const StopRequest& stop, TableReading& table) {
  std::vector<std::size_t>& missing = table.definition.missing_on;
  const std::vector<std::size_t> asked = missing;
  struct Probed {
    std::string why_not;  // it is compared
    std::string called;   // what is there in its place
  };
  const auto replies =
      crew.ask<Probed>(asked, [name = table.table](std::size_t, mysql::SqlSession& session) -> Probed {
        try {
          session.query("SELECT 1 FROM " + name.sql() + " LIMIT 0");
        } catch (const mysql::SqlError& error) {
          if (!is_missing(error.code())) throw;
          return {"", name_in_other_case(session, name)};
        }
        return {why_not_compared(session, name), ""};
      });
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const std::size_t server = asked[i];
    if (const auto& found = replies[i].value) {
      if (!found->called.empty()) table.called = found->called;
      if (found->why_not.empty()) continue;
      std::erase(missing, server);
      table.outcome.failures[server] = {Fault::protocol, 0, found->why_not};
      continue;
    }
    const Failure& failure = *replies[i].failure;
    const bool is_lost = failure.loses_server(stop);
    if (stop.made() && !is_lost) continue;
    std::erase(missing, server);
    if (is_lost)
      fleet.lose(server, failure);
    else if (is_denied(failure.code))
      deny(fleet, table, server);
    else
      table.outcome.failures[server] = failure.statement_took_too_long() ? Failure::too_slow() : failure;
  }
}

// Where the account may not read all columns, or that is not known, the rest says nothing.
void leave_out_partly_visible(const Fleet& fleet, const Survey& survey, TableReading& table) {
  for (std::size_t server = 0; server < fleet.size(); ++server) {
    const auto& unknown = survey.columns_unknown[server];
    if (survey.partly_visible[server].contains(table.table))
      deny(fleet, table, server);
    else if (const auto failure = unknown.find(table.table); failure != unknown.end())
      table.outcome.failures[server] = failure->second;
    else
      continue;
    std::erase_if(table.definition.differences,
                  [server](const DefinitionDifference& difference) { return difference.server == server; });
  }
}

// What is missing, and what only hidden from the account: the server is asked, but not for a thousand tables.
class MissingTables {
 public:
  MissingTables(Crew& crew, Fleet& fleet, const StopRequest& stop)
      : crew_(crew), fleet_(fleet), stop_(stop) {}

  void look_at(TableReading& table) {
    if (table.definition.missing_on.empty()) return;
    std::set<std::size_t>& denying = denying_[table.table.database];
    if (++probed_[table.table.database] > most_probed) {
      std::erase_if(table.definition.missing_on, [&](std::size_t server) {
        if (denying.contains(server)) deny(fleet_, table, server);
        return denying.contains(server);
      });
      return;
    }
    probe_missing(crew_, fleet_, stop_, table);
    for (const auto& [server, grant] : table.denied) denying.insert(server);
  }

 private:
  Crew& crew_;
  Fleet& fleet_;
  const StopRequest& stop_;
  std::map<std::string, std::size_t> probed_;
  std::map<std::string, std::set<std::size_t>> denying_;
};

}  // namespace

Survey survey(Crew& crew, Fleet& fleet, const StopRequest& stop, const TableSelection& selection,
              double patience, bool needs_status) {
  const double before = crew.patience();
  crew.set_patience(patience);
  const std::vector<std::size_t> all = fleet.answering();
  auto replies = crew.ask<First>(
      all, [selection](std::size_t, mysql::SqlSession& session) { return ask_first(session, selection); });
  crew.set_patience(before);
  Survey survey(fleet.size(), stop);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!replies[i].value) {
      if (!stop.by_signal()) fleet.lose(all[i], *replies[i].failure);
      continue;
    }
    First& first = *replies[i].value;
    fleet[all[i]].dialect = first.dialect;
    fleet[all[i]].account = std::move(first.account);
    if (needs_status && !first.replication) fleet.lose(all[i], no_replication(first, fleet[all[i]].account));
    fleet[all[i]].replication = std::move(first.replication);
    fleet[all[i]].log_name = std::move(first.log_name);
    survey.versions[all[i]] = first.version;
    survey.sequences.merge(first.sequences);
    survey.visibility[all[i]] = std::move(first.visibility);
    survey.definitions[all[i]] = std::move(first.definitions);
    survey.partly_visible[all[i]] = std::move(first.columns.partly_visible);
    survey.columns_unknown[all[i]] = std::move(first.columns.unknown);
    survey.with_column_rights[all[i]] = std::move(first.columns.some);
    survey.left_out.merge(first.left_out);
  }
  return survey;
}

DefinitionComparison compare_on_servers(
    const Fleet& fleet, const std::vector<std::size_t>& servers, const TableName& table,
    const std::function<const TableDefinition*(std::size_t server)>& definition_on,
    const TableSelection& selection, const std::string& where) {
  const std::size_t reference = fleet.reference();
  std::vector<DefinitionOn> definitions;
  std::size_t reference_at = 0;
  for (const std::size_t server : servers) {
    if (server == reference) reference_at = definitions.size();
    definitions.push_back({fleet.name(server), fleet[server].dialect, definition_on(server)});
  }
  DefinitionComparison result = compare_definitions(table, definitions, reference_at, selection, where);
  for (std::size_t& server : result.missing_on) server = servers[server];
  for (DefinitionDifference& difference : result.differences) difference.server = servers[difference.server];
  return result;
}

std::vector<TableReading> tables_of(Crew& crew, Fleet& fleet, const Survey& survey,
                                    const TableSelection& selection, const std::string& where) {
  std::vector<TableReading> tables;
  MissingTables missing(crew, fleet, survey.stop);
  for (const TableName& name : all_tables(survey, selection)) {
    const std::vector<std::size_t> servers = fleet.answering();
    if (servers.empty()) break;  // lost while they were asked for missing tables
    TableReading& table = tables.emplace_back();
    table.table = name;
    table.definition = compare_on_servers(
        fleet, servers, name,
        [&](std::size_t server) {
          const auto found = survey.definitions[server].find(name);
          return found == survey.definitions[server].end() ? nullptr : &found->second;
        },
        selection, where);
    missing.look_at(table);
    leave_out_partly_visible(fleet, survey, table);
    if (table.definition.plan)
      table.weight = std::max<double>(1, static_cast<double>(table.definition.plan->estimated_rows));
  }
  return tables;
}

}  // namespace evenkeel::table_sync
