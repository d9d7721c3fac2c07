#include "evenkeel/mysql/sql_session.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "evenkeel/local_limits.h"

using namespace evenkeel;
using namespace evenkeel::mysql;

TEST_CASE("columns are found in any case; NULL and a column that is not there both read as nothing") {
  Rows rows;
  rows.columns = {"Slave_IO_Running", "Last_Errno", "Empty"};
  rows.rows = {{"Yes", std::nullopt, ""}, {"No"}};

  CHECK(rows.has("slave_io_RUNNING"));
  CHECK_FALSE(rows.has("Slave_IO"));
  CHECK(rows.at(0, "SLAVE_IO_RUNNING") == Cell("Yes"));
  CHECK(rows.at(0, "Last_Errno") == Cell());
  CHECK(rows.at(0, "Empty") == Cell(""));
  CHECK(rows.at(0, "no_such_column") == Cell());
  CHECK(rows.at(1, "Last_Errno") == Cell());  // a row that is too short
  CHECK(rows.at(2, "Last_Errno") == Cell());  // a row that is not there
}

TEST_CASE("a login says where it goes") {
  struct Row {
    const char* host;
    std::uint16_t port;
    const char* socket;
    const char* where;
  };
  const auto row = GENERATE(Row{"db1", 3306, "", "db1:3306"}, Row{"192.0.2.1", 3307, "", "192.0.2.1:3307"},
                            Row{"::1", 3306, "", "[::1]:3306"},
                            Row{"db1", 3306, "/run/mysqld/mysqld.sock", "/run/mysqld/mysqld.sock"});
  Login login;
  login.host = row.host;
  login.port = row.port;
  login.socket = row.socket;
  login.password = "s3cret";
  CHECK(login.where() == row.where);
}

TEST_CASE("an error is classed by its code, and says what happened") {
  struct Row {
    int code;
    const char* text;
    Fault fault;
    std::string said;
  };
  const auto row = GENERATE(
      // The server's own errors: words for people, then number and text.
      Row{1045, "Access denied for user 'x'@'h' (using password: YES)", Fault::denied,
          "access denied, error 1045 \"Access denied for user 'x'@'h' (using password: YES)\""},
      Row{1698, "Access denied for user 'x'@'h'", Fault::denied,
          "access denied, error 1698 \"Access denied for user 'x'@'h'\""},
      Row{1044, "Access denied", Fault::denied, "access denied, error 1044 \"Access denied\""},
      Row{1142, "SELECT command denied", Fault::denied,
          "privilege missing, error 1142 \"SELECT command denied\""},
      Row{1227, "Access denied; you need", Fault::denied,
          "privilege missing, error 1227 \"Access denied; you need\""},
      Row{1820, "You must reset", Fault::denied, "the password has expired, error 1820 \"You must reset\""},
      Row{1862, "Your password has expired", Fault::denied,
          "the password has expired, error 1862 \"Your password has expired\""},
      Row{4151, "Access denied, this account is locked", Fault::denied,
          "the account is locked, error 4151 \"Access denied, this account is locked\""},
      Row{3118, "Account is locked.", Fault::denied,
          "the account is locked, error 3118 \"Account is locked.\""},
      Row{1129, "Host 'h' is blocked", Fault::denied,
          "this host is blocked, error 1129 \"Host 'h' is blocked\""},
      Row{1130, "Host 'h' is not allowed", Fault::denied,
          "this host is not allowed to connect, error 1130 \"Host 'h' is not allowed\""},
      Row{1040, "Too many connections", Fault::unreachable,
          "too many connections, error 1040 \"Too many connections\""},
      Row{1203, "User x already has more than 'max_user_connections' active connections", Fault::denied,
          "the account has too many connections, error 1203 \"User x already has more than "
          "'max_user_connections' active connections\""},
      Row{1226, "User 'x' has exceeded the 'max_queries_per_hour' resource", Fault::denied,
          "a limit of the account is reached, error 1226 \"User 'x' has exceeded the 'max_queries_per_hour' "
          "resource\""},
      Row{3955, "Account is blocked for 3 day(s)", Fault::denied,
          "the account is locked after wrong passwords, error 3955 \"Account is blocked for 3 day(s)\""},
      Row{4150, "User is blocked because of too many credential errors", Fault::denied,
          "the account is locked after wrong passwords, error 4150 \"User is blocked because of too many "
          "credential errors\""},
      Row{1969, "max_statement_time exceeded", Fault::timeout,
          "the server's time limit for a statement was reached, error 1969 \"max_statement_time exceeded\""},
      Row{3024, "maximum statement execution time exceeded", Fault::timeout,
          "the server's time limit for a statement was reached, error 3024 \"maximum statement execution "
          "time "
          "exceeded\""},
      Row{1064, "You have an error in your SQL syntax", Fault::protocol, "error 1064 \"syntax error\""},
      Row{1064, "Fehler in der SQL-Syntax bei 'x' in Zeile 1", Fault::protocol,
          "error 1064 \"syntax error\""},
      // The client library's.
      Row{2004, "Can't create TCP/IP socket (24)", Fault::internal, *local_limit(EMFILE) + " (2004)"},
      Row{2001, "Can't create UNIX socket (24)", Fault::internal, *local_limit(EMFILE) + " (2001)"},
      Row{2004, "Can't create TCP/IP socket (23)", Fault::internal, *local_limit(ENFILE) + " (2004)"},
      Row{2004, "Can't create TCP/IP socket (12)", Fault::internal, memory_limit_text() + " (2004)"},
      Row{2004, "Can't create TCP/IP socket (13)", Fault::internal,
          "no socket to be had on this machine (2004)"},
      Row{2002, "Can't connect to server on '127.0.0.1' (115)", Fault::unreachable,
          "no connection: refused or out of reach (2002)"},
      Row{2002, "Can't connect to server on 'db1' (113)", Fault::unreachable, "no route to host (2002)"},
      Row{2002, "Can't connect to local server through socket '/run/s' (2)", Fault::unreachable,
          "no such file or directory (2002)"},
      Row{2002, "Can't connect to server on 'db1' (110)", Fault::timeout, "no answer in time"},
      Row{2005, "Unknown server host 'db9' (-2)", Fault::unreachable,
          "the host name does not resolve (2005)"},
      Row{2006, "Server has gone away", Fault::unreachable, "the server closed the connection (2006)"},
      Row{2013, "Lost connection to server during query", Fault::unreachable,
          "the server closed the connection (2013)"},
      Row{2013, "Lost connection to server at 'handshake', system error: 104", Fault::unreachable,
          "connection reset by peer (2013)"},
      Row{2013, "Lost connection to server at 'handshake', system error: 11", Fault::unreachable,
          "the server closed the connection (2013)"},
      Row{2026, "TLS/SSL error: certificate has expired", Fault::untrusted,
          "TLS/SSL error: certificate has expired (2026)"},
      Row{2012, "Error in server handshake", Fault::protocol, "the server's greeting makes no sense (2012)"},
      Row{2027, "Malformed packet", Fault::protocol, "the server's answer makes no sense (2027)"},
      Row{0, "", Fault::protocol, "the server's answer makes no sense"},
      Row{2059, "Authentication plugin 'caching_sha2_password' cannot be loaded: no such file", Fault::denied,
          "Authentication plugin 'caching_sha2_password' cannot be loaded: no such file (2059)"},
      // A server's error that came before TLS was up, as the client library wraps it.
      Row{2002,
          "Received error packet before completion of TLS handshake. The authenticity of the following error "
          "cannot be verified: 1040 - Too many connections",
          Fault::unreachable, "too many connections, error 1040 \"Too many connections\""});

  const SqlError error = sql_error("connecting to db1:3306", row.code, row.text);
  CHECK(error.fault() == row.fault);
  CHECK(error.what() == "connecting to db1:3306: " + std::string(row.said));
  CHECK(error.step() == "connecting to db1:3306");
  CHECK(error.reason() == row.said);
}

TEST_CASE("a server that lets nobody in is down for its users, whatever the reason") {
  const auto [code, words] = GENERATE(table<int, std::string>({
      {1053, "the server is shutting down"},
      {1077, "the server is shutting down"},
      {1078, "the server is shutting down"},
      {1079, "the server is shutting down"},
      {3168, "the server is not available"},
      {3032, "the server is in offline mode"},
      {6400, "the server is in offline mode"},
      {1041, "the server is out of memory"},
      {1135, "the server cannot start a thread"},
      {1152, "the server aborted the connection"},
      {1184, "the server aborted the connection"},
      {3169, "the connection was killed"},
  }));
  CAPTURE(code);
  const SqlError plain = sql_error("connecting", code, "text");
  CHECK(plain.fault() == Fault::unreachable);
  CHECK(plain.reason() == words + ", error " + std::to_string(code) + " \"text\"");
  const SqlError wrapped =
      sql_error("connecting", 2026, "… cannot be verified: " + std::to_string(code) + " - text");
  CHECK(wrapped.reason() == plain.reason());
}

TEST_CASE("offline mode: what a failed group member says is told in few words") {
  const std::string since =
      "The server is currently in offline mode since 2026-11-28 15:04:16.482938, reason: ";
  CHECK_THAT(sql_error("connecting", 6400, since + "(GR) leave group on failure").reason(),
             Catch::StartsWith(
                 "the server is in offline mode: it left its replication group on failure, error 6400"));
  CHECK_THAT(sql_error("connecting", 6400, since + "set by user root").reason(),
             Catch::StartsWith("the server is in offline mode, error 6400"));
}

TEST_CASE("which errors a GRANT would help against") {
  for (int code = 0; code < 6000; ++code) {
    CAPTURE(code);
    const bool helps =
        code == 1044 || code == 1049 || code == 1142 || code == 1143 || code == 1227 || code == 1370;
    CHECK(sql_error("", code, "text").lacks_privilege() == helps);
    if (helps) CHECK(sql_error("", code, "text").fault() == Fault::denied);
  }
}

TEST_CASE("an error holds what was done and why it failed apart, whatever stands in them") {
  for (const char* step : {"", "SELECT 'a: b' AS c", ": "})
    for (const char* reason : {"", "error 1064 \"a: b\"", ": "}) {
      CAPTURE(step, reason);
      const SqlError error(Fault::protocol, 7, step, reason);
      const Error copy = error;
      CHECK(copy.step() == step);
      CHECK(copy.reason() == reason);
      CHECK(copy.what() == (*step == '\0' ? "" : step + std::string(": ")) + reason);
    }
  const SqlError whole(Fault::protocol, 7, "a: b");
  CHECK(whole.step().empty());
  CHECK(whole.reason() == "a: b");
}

TEST_CASE("an error of a question has its purpose in place of the statement, and keeps any other step") {
  struct Failing : SqlSession {
    explicit Failing(std::string given) : step(std::move(given)) {}
    Rows query(const std::string& /*sql*/) override {
      asked_for = purpose();
      throw SqlError(Fault::denied, 1226, step, "a limit");
    }
    std::string server_version() const override { return ""; }
    std::string step, asked_for;
    using SqlSession::purpose;
  };
  const auto [step, said] = GENERATE(table<std::string, std::string>({
      {"SHOW x", "reading x: a limit"},
      {"SHOW x on port 3307", "reading x: a limit"},
      {"", "reading x: a limit"},
      {"connecting to port 3307", "connecting to port 3307: a limit"},
  }));
  Failing session(step);
  CHECK_THROWS_WITH(ask(session, "reading x", "SHOW x"), said);
  CHECK(session.asked_for == "reading x");
  CHECK(session.purpose() == "waiting for an answer");
}

TEST_CASE("no text of a server can add a line or an escape sequence to an error") {
  const std::string text = sql_error("asking", 1227, "a|b\nOK\r\x1b[2J\xff end").what();
  CHECK(text == "asking: privilege missing, error 1227 \"a/b OK [2J\xEF\xBF\xBD end\"");
  CHECK(std::string(sql_error("asking", 1227, std::string(100000, 'x')).what()).size() < 700);
}

TEST_CASE("nothing goes out to what is no host, or to a login that has a problem") {
  struct Row {
    const char* host;
    const char* said;
  };
  const auto row =
      GENERATE(Row{"", "connecting to :1: not a host name or address"},
               Row{"x;host=127.0.0.1", "connecting to x;host=127.0.0.1:1: not a host name or address"},
               Row{"host=127.0.0.1", "connecting to host=127.0.0.1:1: not a host name or address"},
               Row{"127.0.0.1,127.0.0.1", "connecting to 127.0.0.1,127.0.0.1:1: not a host name or address"},
               Row{"127.0.0.1]/x", "connecting to 127.0.0.1]/x:1: not a host name or address"},
               Row{"a|b\nc", "connecting to a/b c:1: not a host name or address"});
  const std::shared_ptr<SqlConnector> connector = make_connector();
  const Deadline deadline = Deadline::after(std::chrono::seconds(5));
  Trace trace;
  Login login;
  login.host = row.host;
  login.port = 1;
  try {
    connector->connect(login, deadline, trace);
    FAIL("connected");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::protocol);
    CHECK(error.what() == std::string(row.said));
  }
  login.problem = usage_error("option file a.cnf: no such file or directory");
  CHECK_THROWS_WITH(connector->connect(login, deadline, trace),
                    "option file a.cnf: no such file or directory");
}
