// A session with a MySQL or MariaDB server, as plain values and typed errors; the seam where test
// doubles go. Nothing here knows which client library is behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evenkeel/deadline.h"
#include "evenkeel/error.h"
#include "evenkeel/trace.h"

namespace evenkeel::mysql {

using Cell = std::optional<std::string>;  // nothing is NULL

struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;

  // Column names match in any case: servers changed some over the years.
  bool has(std::string_view column) const;
  // NULL, and a column that this server does not have, both read as nothing.
  Cell at(std::size_t row, std::string_view column) const;
};

// An error that the server sent or the client library raised. `code` is the MySQL error number
// (1045, 2002, …), 0 where there is none.
class SqlError : public Error {
 public:
  SqlError(Fault fault, int code, const std::string& text) : Error(fault, text), code_(code) {}
  SqlError(Fault fault, int code, const std::string& step, const std::string& reason)
      : Error(fault, step, reason), code_(code) {}
  int code() const { return code_; }
  // A GRANT would help. None does where an account has reached a limit, is locked, or its password has
  // expired.
  bool lacks_privilege() const;

  static constexpr int answer_too_large = 2020;  // for us; the client library has the same number for itself

 private:
  int code_;
};

// What is said of a statement's step, on the server or at its `place` (" on port 3307").
std::string step_of(const std::string& sql, const std::string& place);

// The error of a step ("connecting to port 3307") from what the client library says of it: the class by the
// code, the server's own words cleaned and quoted.
SqlError sql_error(const std::string& step, int code, std::string_view text);

struct TlsSettings {
  bool wanted = false;  // the session must be encrypted, or there is none
  bool verify = true;   // the server's certificate and name; off with --insecure
  std::string ca_file;  // empty: the system's authorities
  std::string cert_file;
  std::string key_file;
};

// Where and as whom. `socket` beats host and port.
struct Login {
  std::string name;  // how reports call the target
  std::string host;
  std::uint16_t port = 3306;
  std::string socket;
  std::string user;  // empty: the operating system's user
  std::string password;
  TlsSettings tls;
  // The password itself is handed over nowhere, not even over verified TLS: for a server that another one
  // named.
  bool scramble_only = false;
  // What its option file says that does nothing here: "my.cnf: without effect: ssl-cipher, line 7".
  std::string without_effect;
  // Why there is no way to log in there: one option file of many that cannot be read. connect() throws it.
  std::optional<Error> problem;

  // "db1:3306", "[::1]:3306" or "/run/mysqld/mysqld.sock"; the name where there is a problem.
  std::string where() const;
  // Behind the name: "", " on port 3307", or with the place.
  std::string place(const std::string& preposition) const;
  // The step of a connection: "connecting", "connecting to port 3307" or with the place.
  std::string connecting() const;
};

class SqlSession {
 public:
  virtual ~SqlSession() = default;
  // The whole answer; never more than `max_answer_bytes`, else SqlError(Fault::protocol).
  virtual Rows query(const std::string& sql) = 0;
  // A statement that answers without rows: SET, KILL. Rows are SqlError(Fault::protocol).
  virtual void execute(const std::string& sql) { query(sql); }
  virtual std::string server_version() const = 0;  // "10.11.14-MariaDB-0+deb12u2", "9.7.0"

  // What the next statements are for: line 1 says it where time runs out, as no statement stands there.
  void set_purpose(std::string purpose) { purpose_ = std::move(purpose); }

  static constexpr std::size_t max_answer_bytes = 8u << 20;

 protected:
  std::string purpose() const { return purpose_.empty() ? "waiting for an answer" : purpose_; }

 private:
  std::string purpose_;
};

// The answer to a question that is for `purpose`: "reading the replication status". An error begins with that
// in place of the statement, which is for -vvv alone.
Rows ask(SqlSession& session, const std::string& purpose, const std::string& sql);

// How sessions come about; a test double hands out canned ones.
class SqlConnector {
 public:
  virtual ~SqlConnector() = default;
  // Throws SqlError with target and phase in its text: "connecting to db1:3306: …"; or the login's problem.
  virtual std::unique_ptr<SqlSession> connect(const Login& login, const Deadline& deadline, Trace& trace) = 0;
};

// MySQL Connector/C++. Create it once, before there are threads: its driver's start is not thread-safe.
std::shared_ptr<SqlConnector> make_connector();
// For these logins and none else: without one that wants TLS, starting up takes less time.
std::shared_ptr<SqlConnector> make_connector_for(const std::vector<Login>& logins);

}  // namespace evenkeel::mysql
