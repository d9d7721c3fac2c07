// A server that gives prepared answers: the first whose text the statement begins with. What it was
// asked is kept.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "evenkeel/mysql/sql_session.h"

namespace fakes {

using evenkeel::Fault;
using evenkeel::mysql::Cell;
using evenkeel::mysql::Rows;
using evenkeel::mysql::SqlError;

inline Rows one_row(std::vector<std::pair<std::string, Cell>> cells) {
  Rows rows;
  rows.rows.emplace_back();
  for (auto& [column, value] : cells) {
    rows.columns.push_back(column);
    rows.rows[0].push_back(value);
  }
  return rows;
}

inline Rows variables(std::vector<std::pair<std::string, std::string>> values) {
  Rows rows{{"Variable_name", "Value"}, {}};
  for (auto& [name, value] : values) rows.rows.push_back({name, value});
  return rows;
}

// As the real session words their reasons.
inline SqlError syntax_error() { return {Fault::protocol, 1064, "error 1064 \"syntax\""}; }
inline SqlError denied(int code) {
  return {Fault::denied, code, "privilege missing, error " + std::to_string(code)};
}

struct CannedServer {
  std::string version = "10.11.14-MariaDB";
  std::vector<std::pair<std::string, std::variant<Rows, SqlError>>> answers;
  std::vector<std::string> asked;
  std::mutex mutex;

  CannedServer& answer(const std::string& statement, std::variant<Rows, SqlError> what) {
    for (auto& [known, old] : answers)
      if (known == statement) {
        old = std::move(what);
        return *this;
      }
    answers.emplace_back(statement, std::move(what));
    return *this;
  }
};

class CannedSession : public evenkeel::mysql::SqlSession {
 public:
  explicit CannedSession(CannedServer& server) : server_(server) {}

  Rows query(const std::string& sql) override {
    const std::lock_guard lock(server_.mutex);
    server_.asked.push_back(sql);
    for (const auto& [statement, what] : server_.answers) {
      if (!sql.starts_with(statement)) continue;
      if (const auto* error = std::get_if<SqlError>(&what))
        throw SqlError(error->fault(), error->code(), evenkeel::mysql::step_of(sql, " on db"),
                       error->reason());
      return std::get<Rows>(what);
    }
    throw std::logic_error("no answer prepared for: " + sql);
  }
  std::string server_version() const override { return server_.version; }

 private:
  CannedServer& server_;
};

// Servers by "host:port"; any other refuses.
class CannedConnector : public evenkeel::mysql::SqlConnector {
 public:
  std::map<std::string, std::shared_ptr<CannedServer>> servers;
  std::vector<std::string> connected;  // in this order
  std::mutex mutex;

  std::unique_ptr<evenkeel::mysql::SqlSession> connect(const evenkeel::mysql::Login& login,
                                                       const evenkeel::Deadline& /*deadline*/,
                                                       evenkeel::Trace& trace) override {
    const std::string step = login.connecting();
    trace.begin(step);
    const std::lock_guard lock(mutex);
    connected.push_back(login.where());
    const auto found = servers.find(login.where());
    if (found == servers.end())
      throw SqlError(Fault::unreachable, 2002, step, "no connection: refused or out of reach (2002)");
    trace.end();
    return std::make_unique<CannedSession>(*found->second);
  }
};

}  // namespace fakes
