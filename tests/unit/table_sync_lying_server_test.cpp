// A server that puts SQL into each field of its answers in turn: none of it may come into a statement,
// neither for another server nor for itself, but as a quoted name.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/mysql/sql_session.h"
#include "fakes/described_server.h"
#include "sync_run.h"

using namespace evenkeel;
using namespace evenkeel::table_sync;
using fakes::DescribedConnector;
using fakes::DescribedServer;

namespace {

const std::string evil = "x' = '' OR sleep(9) -- \\' \" ` ) ";

// A statement without what is quoted in it.
std::string bare(const std::string& sql) {
  std::string text;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char quote = sql[i];
    if (quote != '`' && quote != '\'' && quote != '"') {
      text += quote;
      continue;
    }
    for (++i; i < sql.size(); ++i) {
      if (sql[i] == '\\' && quote != '`') {
        ++i;
      } else if (sql[i] == quote) {
        if (i + 1 == sql.size() || sql[i + 1] != quote) break;
        ++i;
      }
    }
  }
  return text;
}

std::vector<std::string> statements_of_a_run(const std::function<void(const std::string&, mysql::Rows&)>& lie,
                                             bool bytes = false) {
  const auto connector = std::make_shared<DescribedConnector>();
  std::vector<mysql::Login> logins;
  for (const char* host : {"liar", "honest"}) {
    mysql::Login login;
    login.name = login.host = host;
    logins.push_back(login);
    connector->servers[host] = std::make_shared<DescribedServer>();
  }
  connector->servers["liar"]->change = lie;
  // Other rows, so that each is looked at.
  connector->servers["honest"]->change = [bytes](const std::string& sql, mysql::Rows& rows) {
    if (sql.find("count(*)") != std::string::npos && sql.find("shop") != std::string::npos)
      rows.rows[0][2] = "4712";
    // Held against bytes, the liar's own word for the character set is what keys are written with.
    if (bytes && sql.find("information_schema.COLUMNS") != std::string::npos)
      for (const std::size_t i : {4u, 7u, 8u, 9u})
        rows.rows[0][i] = i == 4 ? "varbinary" : i == 9 ? "varbinary(9)" : mysql::Cell();
  };
  Settings settings;
  settings.tables = {"*.*"};
  settings.budget = 0.1;
  settings.confirm = 0.05;
  const StateStore state = StateStore::disabled();
  const Limits limits{{}};
  const Deadline deadline = Deadline::after(std::chrono::milliseconds(200));
  RunContext context{deadline, limits, state, Status::critical, 3};
  SyncRun(connector, logins, settings, context, std::make_shared<StopRequest>(deadline, deadline)).run();
  std::vector<std::string> statements;
  for (const auto& [host, server] : connector->servers) {
    const std::lock_guard lock(server->mutex);
    statements.insert(statements.end(), server->asked.begin(), server->asked.end());
  }
  return statements;
}

}  // namespace

TEST_CASE("No word of a server's answers becomes SQL") {
  struct Field {
    std::string statement, column;
  };
  std::vector<Field> fields;
  // Every field of every answer, as an honest server gives it.
  const auto collect = [&](const std::string& sql, mysql::Rows& rows) {
    const std::string statement = sql.substr(0, sql.find("FROM"));
    for (const std::string& column : rows.columns) {
      const auto known = [&](const Field& field) {
        return field.column == column && field.statement.substr(0, 25) == statement.substr(0, 25);
      };
      if (std::none_of(fields.begin(), fields.end(), known)) fields.push_back({statement, column});
    }
  };
  statements_of_a_run(collect);
  REQUIRE(fields.size() > 35);
  for (const Field& field : fields) {
    CAPTURE(field.statement, field.column);
    const auto lie = [&](const std::string& sql, mysql::Rows& rows) {
      if (!sql.starts_with(field.statement.substr(0, 25))) return;
      for (std::size_t i = 0; i < rows.columns.size(); ++i)
        if (rows.columns[i] == field.column)
          for (auto& row : rows.rows) row[i] = evil;
    };
    for (const bool bytes : {false, true})
      for (const std::string& statement : statements_of_a_run(lie, bytes)) {
        CAPTURE(statement);
        CHECK(bare(statement).find("sleep") == std::string::npos);
      }
  }
}

TEST_CASE("An honest run does write keys into statements, so that a lie would show") {
  const auto honest = [](const std::string&, mysql::Rows&) {};
  for (const bool bytes : {false, true}) {
    const std::vector<std::string> statements = statements_of_a_run(honest, bytes);
    const auto writes_keys = [](const std::string& sql) {
      return sql.find("_latin1 x'6162'") != std::string::npos && sql.find("1.5") != std::string::npos;
    };
    CHECK(std::any_of(statements.begin(), statements.end(), writes_keys));
  }
}
