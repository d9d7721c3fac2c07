#include <catch2/catch.hpp>

#include "error_text.h"

using namespace evenkeel::replication;

TEST_CASE("an error's first words are those one can act on") {
  const auto [text, first_words] = GENERATE(table<std::string, std::string>({
      {"Could not execute Write_rows_v1 event on table d.t; Duplicate entry '7' for key 'PRIMARY', "
       "Error_code: "
       "1062; handler error HA_ERR_FOUND_DUPP_KEY; the event's master log binlog.000001, end_log_pos 922",
       "Duplicate entry '7' for key 'PRIMARY' (table d.t)"},
      {"Worker 1 failed executing transaction '48083737-e672-11f1-9c5d-02fc00000001:3' at source log "
       "binlog.000001, end_log_pos 898; Could not execute Write_rows event on table d.t; Duplicate entry '7' "
       "for "
       "key 't.PRIMARY', Error_code: 1062; handler error HA_ERR_FOUND_DUPP_KEY",
       "Duplicate entry '7' for key 't.PRIMARY' (table d.t)"},
      {"Coordinator stopped because there were error(s) in the worker(s). The most recent failure being: "
       "Worker 1 "
       "failed executing transaction 'aaaaaaaa-0000-0000-0000-000000000001:3' at source log binlog.000001, "
       "end_log_pos 898. See error log and/or performance_schema.replication_applier_status_by_worker table "
       "for "
       "more details about this failure or others, if any.",
       "Worker 1 failed executing transaction 'aaaaaaaa-0000-0000-0000-000000000001:3' at source log "
       "binlog.000001, end_log_pos 898"},
      {"Error executing row event: 'Table 'd.t' doesn't exist'", "Table 'd.t' doesn't exist"},
      {"error connecting to master 'repl@db1:3306' - retry-time: 1  maximum-retries: 100000  message: Access "
       "denied for user 'repl'@'db2'",
       "Access denied for user 'repl'@'db2'"},
      {"Error reconnecting to source 'repl@db1:3306'. This was attempt 2/86400, with a delay of 1 seconds "
       "between "
       "attempts. Message: Can't connect",
       "Can't connect"},
      {"Got fatal error 1236 from master when reading data from binary log: 'Could not find first log'",
       "Could not find first log"},
      {"Error 'Unknown table 'd.t'' on query. Default database: 'd'.", "Unknown table 'd.t' (database d)"},
      {"Error 'Operation CREATE USER failed for 'app'@'%'' on query. Default database: ''. Query: 'create "
       "user app "
       "identified by 'geheim''",
       "Operation CREATE USER failed for 'app'@'%'"},
      {"Query: 'set password = 'geheim''", ""},
      {"Worker 1 failed and says no more", "Worker 1 failed and says no more"},
      {"Could not execute Write_rows event on table", "Could not execute Write_rows event on table"},
      {"error connecting to master", "error connecting to master"},
      {"Got fatal error 1236 from master", "Got fatal error 1236 from master"},
      {"two\nlines | and a pipe\x1b[31m", "two lines / and a pipe [31m"},
      {"", ""},
  }));
  CHECK(essence(1, text) == first_words);
}

TEST_CASE("an error that quotes the statement keeps its database or table") {
  const auto [error, text, first_words] = GENERATE(table<unsigned, std::string, std::string>({
      {1064,
       "Error 'Fehler in der SQL-Syntax bei 'x='geheim'' in Zeile 1' on query. Default database: 'd'. Query: "
       "'y'",
       "syntax error (database d)"},
      {1064, "Error 'Erreur de syntaxe près de 'x' on query. Default database: ''. Query: 'y'",
       "syntax error"},
      {1366,
       "Could not execute Write_rows_v1 event on table d.t; Incorrect integer value: 'geheim' for column a, "
       "Error_code: 1366; handler error X",
       "a value is wrong for its type or column (table d.t)"},
      {1366,
       "Worker 1 failed executing transaction 'a:3' at source log b.1, end_log_pos 9; Error 'geheim' on "
       "query. "
       "Default database: 'd'. Query: 'y'",
       "a value is wrong for its type or column (database d)"},
  }));
  CHECK(essence(error, text) == first_words);
}

TEST_CASE("the number is the one that manuals know") {
  const auto [error, text, suffix] = GENERATE(table<unsigned, std::string, std::string>({
      {0, "old text", ""},
      {1045, "Access denied", ", error 1045 \"Access denied\""},
      {13114, "Got fatal error 1236 from source when reading data from binary log: 'purged'",
       ", error 1236 \"purged\""},
      {1236, "Got fatal error 1236 from master when reading data from binary log: 'purged'",
       ", error 1236 \"purged\""},
      {13114, "Got fatal error of a new kind", ", error 13114 \"Got fatal error of a new kind\""},
  }));
  ReplicationThread thread;
  thread.error = error;
  thread.error_text = text;
  CHECK(error_suffix(thread) == suffix);
}
