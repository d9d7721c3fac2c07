#include "evenkeel/mysql/server_text.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "evenkeel/mysql/sql_session.h"
#include "evenkeel/text.h"

using namespace evenkeel;
using namespace evenkeel::mysql;

namespace {

// No part of it occurs in what stands around it.
const std::string secret = "Zq7Zw9Zk4";

bool shows_any_of_it(const std::string& text) {
  for (std::size_t length = 2, i = 0; i + length <= secret.size(); ++i)
    if (lower(text).find(lower(secret.substr(i, length))) != std::string::npos) return true;
  return false;
}

const std::vector<std::string> statements{
    "create user app identified by @",
    "create user app@'%' identified by password @",
    "create user 'app'@'10.%' identified with 'caching_sha2_password' as @",
    "alter user app identified with mysql_native_password by @ replace @",
    "create user app identified via ed25519 using password(@)",
    "create user app identified via ed25519 using @ or unix_socket",
    "create user a identified by 'x', b identified by @",
    "grant all on *.* to 'app'@'%' identified by @",
    "set password = password(@)",
    "set password for 'app'@'%' = @",
    "change master to master_host='db1', master_password=@",
    "change replication source to source_user='u', source_password = @, source_port=3306",
    "create server s foreign data wrapper mysql options (user 'u', password @)",
    "alter server s options (password @)",
    "update mysql.user set authentication_string=@ where user='app'",
    "update `mysql` . `user` set plugin=@",
    "insert into mysql.global_priv values ('%','app',@)",
    "insert into t values (aes_encrypt('x',@))",
    "insert into accounts (name, pwd) values ('bob', @)",
    "insert into accounts values ('bob', sha2(@, 256))",
    "create table f (id int) engine=federated connection=@",
    "start slave user='u' password=@",
    "set global wsrep_sst_auth=@",
};

// How a literal may be written; @ is the secret.
const std::vector<std::string> quotings{"'@'",    "\"@\"",   "N'@'",  "_utf8mb4'@'",    "_utf8 \"@\"",
                                        "'a''@'", "'a\\'@'", "'@\\'", "'\"@'",          "\"it's @\"",
                                        "'' '@'", "'\n@'",   "'@",    "/* it's */ '@'", "'a' 'b@'"};

// As written, in capitals, with a comment for each blank, and with a version comment.
std::vector<std::string> writings(const std::string& statement) {
  std::string upper;
  std::string commented;
  for (const char c : statement) {
    upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    commented += c == ' ' ? "/**/" : std::string(1, c);
  }
  return {statement, upper, commented, "/*!50700 " + statement + " */", "-- it's\n" + statement};
}

std::string with(std::string text, const std::string& value) {
  for (std::size_t at = 0; (at = text.find('@', at)) != std::string::npos;) {
    // The @ of an account is none of ours.
    const bool ours = at + 1 >= text.size() || (text[at + 1] != '\'' && text[at + 1] != '1');
    if (ours) text.replace(at, 1, value);
    at += ours ? value.size() : 1;
  }
  return text;
}

std::string quoted_secret(const std::string& quoting) {
  const std::size_t at = quoting.find('@');
  return quoting.substr(0, at) + secret + quoting.substr(at + 1);
}

const std::vector<std::string> frames{
    "Error 'Operation CREATE USER failed for 'app'@'%'' on query. Default database: ''. Query: '$'",
    "Worker 1 failed executing transaction 'a-1:3' at source log b.1, end_log_pos 9; Error 'x' on query. "
    "Default database: 'd'. Query: '$'",
    "QUERY:$",
    "Error 'You have an error in your SQL syntax; check the manual for the right syntax to use near '$' at "
    "line 1' on query. Default database: 'd'. Query: '$'",
    "You have an error in your SQL syntax; the right syntax to use near '$' at line 1",
};

std::string framed(std::string frame, const std::string& statement) {
  for (std::size_t at = 0; (at = frame.find('$', at)) != std::string::npos; at += statement.size())
    frame.replace(at, 1, statement);
  return frame;
}

}  // namespace

TEST_CASE("nothing of a statement's secret is shown, however it is written and wherever the text ends") {
  for (const std::string& statement : statements)
    for (const std::string& quoting : quotings)
      for (const std::string& written : writings(with(statement, quoted_secret(quoting))))
        for (const std::string& frame : frames) {
          const std::string text = framed(frame, written);
          if (!shows_any_of_it(without_credentials(text))) continue;
          INFO(text);
          CHECK(without_credentials(text).empty());
        }
}

TEST_CASE("nothing of a secret is shown where the server cut its text, at each byte") {
  for (const std::string& statement : statements)
    for (const std::string& frame : frames) {
      const std::string text = framed(frame, with(statement, quoted_secret("'it\\'s @'")));
      for (std::size_t length = 0; length <= text.size(); ++length) {
        const std::string shown = without_credentials(text.substr(0, length));
        if (shows_any_of_it(shown)) {
          INFO(text.substr(0, length));
          CHECK(shown.empty());
        }
      }
    }
}

TEST_CASE("a syntax error may quote the statement from within the secret") {
  for (const char* fragment :
       {"''Zq7Zw9Zk4''", "'Zq7Zw9Zk4''", "'by 'Zq7Zw9Zk4''", "'Zq7Zw9Zk4' at line 1, 'x'"}) {
    const std::string text = "the right syntax to use near " + std::string(fragment) + " at line 1";
    CHECK(without_credentials(text) == "the right syntax to use near \u2026 at line 1");
  }
}

TEST_CASE("what carries no credentials stays readable") {
  for (const std::string text :
       {"Error 'Duplicate entry '7' for key 'PRIMARY'' on query. Default database: 'd'. Query: 'insert into "
        "t "
        "values (7, 'seven')'",
        "Access denied for user 'repl'@'db2' (using password: YES)",
        "error connecting to master 'repl@db1:3306' - retry-time: 1  message: Access denied for user "
        "'repl'@'db2' "
        "(using password: NO)",
        "Authentication plugin 'caching_sha2_password' reported error: Authentication requires secure "
        "connection.",
        "Could not execute Write_rows_v1 event on table d.t; Duplicate entry '7' for key 'PRIMARY'",
        "Waiting for source to send event", ""})
    CHECK(without_credentials(text) == text);
}

TEST_CASE("a statement ends at its first literal where it carries credentials") {
  CHECK(without_credentials("on query. Query: 'CREATE USER app IDENTIFIED BY 'x''") ==
        "on query. Query: 'CREATE USER app IDENTIFIED BY \u2026");
  CHECK(without_credentials("Query: 'update mysql.user set plugin=0x61'") ==
        "Query: 'update mysql.user set plugin=\u2026");
  CHECK(without_credentials("Default database: 'mysql'. Query: 'update user set plugin='x''") ==
        "Default database: 'mysql'. Query: 'update user set plugin=\u2026");
  CHECK(without_credentials("cannot open mysql://app:x@y@db1/d today") ==
        "cannot open mysql://\u2026@db1/d today");
  CHECK(without_credentials("cannot open mysql://app:pa") == "cannot open mysql://\u2026");
}

TEST_CASE("nothing from Query: on is told in findings") {
  CHECK(without_statement("Error 'a' on query. Default database: 'd'. Query: 'drop table t'") ==
        "Error 'a' on query. Default database: 'd'.");
  CHECK(without_statement("QUERY: 'drop'").empty());
  const SqlError error =
      sql_error("asking", 1396, "failed. Query: 'create user a identified by 'Zq7Zw9Zk4''");
  CHECK(std::string(error.what()) == "asking: error 1396 \"failed.\"");
  const SqlError prose = sql_error("asking", 1064, "near 'identified by 'Zq7Zw9Zk4''");
  CHECK_FALSE(shows_any_of_it(prose.what()));
}
