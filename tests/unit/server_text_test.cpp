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
    // Nothing in these says that there is a secret.
    "insert into t values (1, @)",
    "insert into users (name, pin) values ('bob', @)",
    "update t set pw = @ where id = 7 and pin=4711",
    "delete from users as u where u.pass=@",
    "replace into `mysql`.`t` values (1.5e-3, @), (-2, 'x')",
    "select * from d.t where a like @ escape '|' into outfile '/tmp/x'",
    "create table t (a int default 1 comment 'x', b text) comment @",
    "create event e on schedule every 1 day do insert into t values (@)",
    "call d.p(1, @)",
    "insert into log values (' near ', @, ' at line 2')",
    "load data infile @ into table t",
};

// How a literal may be written; @ is the secret.
const std::vector<std::string> quotings{"'@'",
                                        "\"@\"",
                                        "N'@'",
                                        "_utf8mb4'@'",
                                        "_utf8 \"@\"",
                                        "'a''@'",
                                        "'a\\'@'",
                                        "'@\\'",
                                        "'\"@'",
                                        "\"it's @\"",
                                        "'' '@'",
                                        "'\n@'",
                                        "'@",
                                        "/* it's */ '@'",
                                        "'a' 'b@'",
                                        "x'@'",
                                        "X'@",
                                        "b'@'",
                                        "n'@'",
                                        "_binary x'@'",
                                        "0x@",
                                        "0X@",
                                        "0b@",
                                        "7@",
                                        "-7.5@",
                                        "$$@$$",
                                        "$q$ it's @$q$",
                                        "'' /* ' */ '@'",
                                        "'a' -- it's\n'@'",
                                        "'a' # it's\n'@'",
                                        "/*!99999 it's */ '@'",
                                        "/*M!100100 '@' */",
                                        "/* @ */ 1",
                                        "-- @\n1",
                                        "# @\n1",
                                        "concat('a', '@', 'b')",
                                        "'\\\\' '@'",
                                        "'a\\\\' , '@'",
                                        "\"a'\", '@'",
                                        "`a'b` , '@'"};

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
      // A literal that does not end is the last.
      for (const std::string& written :
           writings(quoting.ends_with('@') ? statement.substr(0, statement.find(" replace @")) : statement))
        for (const std::string& frame : frames) {
          const std::string text = framed(frame, with(written, quoted_secret(quoting)));
          if (!shows_any_of_it(without_credentials(0, text))) continue;
          INFO(text);
          CHECK(without_credentials(0, text).empty());
        }
}

TEST_CASE("nothing of a secret is shown where the server cut its text, at each byte") {
  for (const std::string& statement : statements)
    for (const std::string& frame : frames) {
      const std::string text = framed(frame, with(statement, quoted_secret("'it\\'s @'")));
      for (std::size_t length = 0; length <= text.size(); ++length) {
        const std::string shown = without_credentials(0, text.substr(0, length));
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
    CHECK(without_credentials(0, text) == "the right syntax to use near \u2026 at line 1");
  }
}

TEST_CASE("what quotes no statement stays as it is") {
  for (const std::string text :
       {"Access denied for user 'repl'@'db2' (using password: YES)",
        "error connecting to master 'repl@db1:3306' - retry-time: 1  message: Access denied for user "
        "'repl'@'db2' "
        "(using password: NO)",
        "Authentication plugin 'caching_sha2_password' reported error: Authentication requires secure "
        "connection.",
        "Could not execute Write_rows_v1 event on table d.t; Duplicate entry '7' for key 'PRIMARY'",
        "Waiting for source to send event", ""})
    CHECK(without_credentials(0, text) == text);
}

TEST_CASE("of a statement its shape and its names are shown") {
  const auto [statement, shape] = GENERATE(table<std::string, std::string>({
      {"insert into t values (7, 'seven')", "insert into t values (…, …)"},
      {"CREATE USER app IDENTIFIED BY 'x'", "CREATE USER app IDENTIFIED BY …"},
      {"update mysql.user set plugin=0x61", "update mysql.user set plugin=…"},
      {"insert into `2fa`.`it's` (`a``b`) values (x'41', N'b', _utf8'c')",
       "insert into `2fa`.`it's` (`a``b`) values (x…, N…, _utf8…)"},
      {"create table t1 (a varchar(20) default 'a''b', b decimal(10,2)) engine=InnoDB",
       "create table t1 (a varchar(…) default …, b decimal(…,…)) engine=InnoDB"},
      {"create table f (a int) engine=CONNECT PASSWORD = hunter x=y",
       "create table f (a int) engine=CONNECT PASSWORD = … x=y"},
      {"set password = password('x')", "set password = password(…)"},
      {"update t set a = a - -1.5e-7, b=.5, c=t.x", "update t set a = a - -…, b=…, c=t.x"},
      {"delete from t where a='\\' or b='c'", "delete from t where a=…"},
      {"delete from t where a='x\\y' or b=\\N", "delete from t where a=… or b=\\N"},
      {"/* c */ drop table a, b -- it's", "… drop table a, b …"},
      {"/*!40000 drop table a */ x", "… x"},
      {"/*!40000 'a */ b */ 'x'", "…"},
      {"select --x, $$a$$, 'b'", "select --x, …"},
      {"insert into t values ('cut", "insert into t values (…"},
      {"drop table `cut", "drop table …"},
  }));
  CHECK(without_credentials(0, "on query. Query: '" + statement + "'") == "on query. Query: '" + shape + "'");
  CHECK(without_credentials(0, "Query:" + statement) == "Query:" + shape);
}

TEST_CASE("a statement is not read where it may begin elsewhere") {
  const std::string text =
      "Error 'Unknown table 'd.query:'' on query. Query: 'insert into t values ('Zq7Zw9Zk4')'";
  CHECK(without_credentials(0, text) == "Error 'Unknown table 'd.query:'…");
}

TEST_CASE("logins in addresses are not shown") {
  CHECK(without_credentials(0, "cannot open mysql://app:x@y@db1/d today") ==
        "cannot open mysql://\u2026@db1/d today");
  CHECK(without_credentials(0, "cannot open mysql://app:pa") == "cannot open mysql://\u2026");
}

namespace {

// Where the message of an error stands; $ is the message, the number that of the error or of its frame.
struct Frame {
  unsigned number;
  std::string text;
  std::string shown;
};

std::vector<Frame> frames_of(unsigned number) {
  const std::string code = std::to_string(number);
  return {
      {number, "$", "#"},
      {number, "Error '$' on query. Default database: 'd'. Query: 'drop table t'",
       "Error '#' on query. Default database: 'd'."},
      {number,
       "Worker 1 failed executing transaction 'a-1:3' at source log b.1, end_log_pos 9; Error '$' on query. "
       "Default database: 'd'. Query: 'drop table t'",
       "Worker 1 failed executing transaction 'a-1:3' at source log b.1, end_log_pos 9; Error '#' on query. "
       "Default database: 'd'."},
      {number,
       "Could not execute Write_rows_v1 event on table d.t; $, Error_code: " + code + "; handler error X",
       "Could not execute Write_rows_v1 event on table d.t; #, Error_code: " + code + "; handler error X"},
      {1594,
       "Could not execute Write_rows event on table d.t; $, Error_code: MY-00" + code + "; handler error X",
       "Could not execute Write_rows event on table d.t; #, Error_code: MY-00" + code + "; handler error X"},
      {1,
       "Query caused different errors on source and replica. Error on source: message (format)='x' error "
       "code=0; Error on replica:actual message='$', error code=" +
           code + ". Default database:'d'. Query:'x'",
       "the statement ended otherwise here than on the source"},
  };
}

// As MariaDB and MySQL word it for lc_messages of en_US, de_DE, fr_FR, es_ES, ja_JP, ru_RU, zh_CN, ka_GE.
const std::vector<std::string> syntax_errors{
    "You have an error in your SQL syntax; the right syntax to use near '@' at line 1",
    "Fehler in der SQL-Syntax. Bitte die korrekte Syntax im Handbuch nachschlagen bei '@' in Zeile 1",
    "Erreur de syntaxe près de '@' à la ligne 1",
    "Existe un error en su sintaxis SQL; la sintaxis correcta a utilizar cerca de '@' en la línea 1",
    "SQL構文エラーです。 : '@' 付近 1 行目",
    "У вас ошибка в запросе. около '@' на строке 1",
    "您的 SQL 语法有错误 接近'@' 在行1",
    "@",
};

}  // namespace

TEST_CASE("an error that quotes the statement is told in our words, in any language and any frame") {
  const unsigned number = GENERATE(1064u, 1149u, 1231u, 1292u, 1366u, 1367u, 1411u, 1525u, 1690u, 3001u,
                                   3002u, 3140u, 3141u, 3854u, 4204u);
  for (const std::string& message : syntax_errors)
    for (const std::string& quoted : {"by '" + secret + "'", secret, "'" + secret + "' at line 1, " + secret,
                                      "x' on query. Default database: ''. Query: '" + secret})
      for (const Frame& frame : frames_of(number)) {
        std::string text = frame.text;
        std::string filled = message;
        filled.replace(filled.find('@'), 1, quoted);
        text.replace(text.find('$'), 1, filled);
        INFO(text);
        CHECK_FALSE(shows_any_of_it(without_credentials(frame.number, text)));
        CHECK_FALSE(shows_any_of_it(without_statement(frame.number, text)));
        for (std::size_t length = 0; length <= text.size() && number < 1300 && frame.number != 1594; ++length)
          if (shows_any_of_it(without_credentials(frame.number, text.substr(0, length))) ||
              shows_any_of_it(without_statement(frame.number, text.substr(0, length))))
            CHECK(text.substr(0, length).empty());
      }
}

TEST_CASE("what stands around a quoting error's text stays") {
  for (const Frame& frame : frames_of(1064)) {
    std::string text = frame.text;
    text.replace(text.find('$'), 1, "Fehler bei 'x' in Zeile 1");
    std::string shown = frame.shown;
    if (shown.find('#') != std::string::npos) shown.replace(shown.find('#'), 1, "syntax error");
    CHECK(without_statement(frame.number, text) == shown);
  }
  CHECK(without_statement(1062, "Duplicate entry '7' for key 'a'") == "Duplicate entry '7' for key 'a'");
}

TEST_CASE("nothing from Query: on is told in findings") {
  CHECK(without_statement(0, "Error 'a' on query. Default database: 'd'. Query: 'drop table t'") ==
        "Error 'a' on query. Default database: 'd'.");
  CHECK(without_statement(0, "QUERY: 'drop'").empty());
  const SqlError error =
      sql_error("asking", 1396, "failed. Query: 'create user a identified by 'Zq7Zw9Zk4''");
  CHECK(std::string(error.what()) == "asking: error 1396 \"failed.\"");
  const SqlError prose = sql_error("asking", 1064, "near 'identified by 'Zq7Zw9Zk4''");
  CHECK(std::string(prose.what()) == "asking: error 1064 \"syntax error\"");
}
