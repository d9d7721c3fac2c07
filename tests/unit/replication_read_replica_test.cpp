#include <catch2/catch.hpp>

#include "fakes/canned_session.h"
#include "fakes/recorded_answer.h"
#include "read_replica.h"

using namespace evenkeel::replication;
using Catch::Contains;
using fakes::CannedServer;
using fakes::denied;
using fakes::one_row;
using fakes::recorded_answer;
using fakes::syntax_error;
using fakes::variables;

namespace {

const std::string pfs_heard = "SELECT s.CHANNEL_NAME, c.HEARTBEAT_INTERVAL, s.COUNT_RECEIVED_HEARTBEATS,";
const std::string pfs_counters =
    "SELECT s.CHANNEL_NAME, c.HEARTBEAT_INTERVAL, s.COUNT_RECEIVED_HEARTBEATS FROM";
const std::string pfs_workers = "SELECT CHANNEL_NAME, LAST_ERROR_NUMBER";
const std::string account = "SELECT CURRENT_USER()";
const std::string mariadb_variables = "SELECT @@GLOBAL.read_only AS read_only, @@GLOBAL.slave_skip_errors";

void set_up_mariadb(CannedServer& server) {
  server.version = "10.11.14-MariaDB-0+deb12u2";
  server.answer("SHOW ALL SLAVES STATUS", recorded_answer("mariadb-10.11-healthy"))
      .answer(mariadb_variables, one_row({{"read_only", "1"}, {"server_id", "2"}, {"log_bin", "1"}}))
      .answer("SHOW GLOBAL STATUS",
              variables({{"Uptime", "7000"}, {"Com_start_slave", "2"}, {"Com_start_all_slaves", "1"}}))
      .answer(account, one_row({{"CURRENT_USER()", "monitor@%"}}));
}

void set_up_mysql(CannedServer& server) {
  server.version = "9.7.0";
  server.answer("SHOW REPLICA STATUS", recorded_answer("mysql-9.7-healthy"))
      .answer("SHOW GLOBAL VARIABLES", variables({{"read_only", "ON"},
                                                  {"super_read_only", "ON"},
                                                  {"server_uuid", "EEEEEEEE-0000-0000-0000-00000000000e"},
                                                  {"performance_schema", "ON"}}))
      .answer(pfs_heard, one_row({{"CHANNEL_NAME", ""},
                                  {"HEARTBEAT_INTERVAL", "30.000"},
                                  {"COUNT_RECEIVED_HEARTBEATS", "4"},
                                  {"NOW_AT", "1000.0"},
                                  {"HEARTBEAT_AT", "990.0"},
                                  {"QUEUED_AT", "0"},
                                  {"QUEUEING_AT", "0"},
                                  {"THREAD_SECONDS", "500"}}))
      .answer(account, one_row({{"CURRENT_USER()", "monitor@%"}}));
}

ReplicaReading read(CannedServer& server, const ReplicaQuestions& questions = {}) {
  fakes::CannedSession session(server);
  return read_replica(session, questions);
}

}  // namespace

TEST_CASE("a healthy replica takes three questions") {
  CannedServer mariadb;
  set_up_mariadb(mariadb);
  const ReplicaReading counting = read(mariadb);
  CHECK(counting.channels.size() == 1);
  CHECK(mariadb.asked.size() == 3);
  CHECK(counting.server.starts == 3);
  CHECK(counting.last_heard.at("").connected == 7000.0);
  CannedServer mysql;
  set_up_mysql(mysql);
  const ReplicaReading reading = read(mysql);
  CHECK(mysql.asked.size() == 3);
  CHECK(reading.last_heard.at("").seconds == 10);
  CHECK(reading.server.super_read_only == "ON");
  CHECK(reading.not_readable.empty());
}

TEST_CASE("the dialect is found by what is understood, whatever the greeting says") {
  struct Row {
    const char* what;
    const char* greeting;
    std::vector<std::pair<std::string, std::variant<fakes::Rows, fakes::SqlError>>> answers;
    bool mariadb;
    std::size_t channels;
  };
  const fakes::Rows named = recorded_answer("mariadb-10.11-two-channels");
  fakes::Rows no_named = recorded_answer("mariadb-10.11-healthy");
  no_named.columns[0] = "Using_Gtid";
  no_named.rows.clear();
  const auto row = GENERATE_COPY(values<Row>({
      {"MySQL 5.7",
       "5.7.44-log",
       {{"SHOW REPLICA STATUS", syntax_error()},
        {"SHOW ALL SLAVES STATUS", syntax_error()},
        {"SHOW SLAVE STATUS", recorded_answer("mysql-5.7-two-channels")}},
       false,
       2},
      {"MySQL 5.6",
       "5.6.51",
       {{"SHOW REPLICA STATUS", syntax_error()},
        {"SHOW ALL SLAVES STATUS", syntax_error()},
        {"SHOW SLAVE STATUS", recorded_answer("mysql-5.6-duplicate-row")}},
       false,
       1},
      {"MariaDB 10.1",
       "5.5.5-10.1.48-MariaDB",
       {{"SHOW ALL SLAVES STATUS", recorded_answer("mariadb-10.1-healthy")}},
       true,
       1},
      {"MariaDB behind a proxy that greets as MySQL: named channels are found",
       "8.0.30-proxy",
       {{"SHOW REPLICA STATUS", no_named}, {"SHOW ALL SLAVES STATUS", named}},
       true,
       2},
      {"MySQL behind a proxy that greets as MariaDB",
       "10.6.0-MariaDB-proxy",
       {{"SHOW ALL SLAVES STATUS", syntax_error()},
        {"SHOW SLAVE STATUS", recorded_answer("mysql-5.6-duplicate-row")}},
       false,
       1},
  }));
  CAPTURE(row.what);
  CannedServer server;
  server.version = row.greeting;
  server.answers = row.answers;
  server.answer("SHOW GLOBAL VARIABLES", variables({{"read_only", "ON"}}))
      .answer(mariadb_variables, one_row({{"read_only", "1"}}))
      .answer("SHOW GLOBAL STATUS", variables({{"Uptime", "7000"}}));
  const ReplicaReading reading = read(server);
  CHECK(reading.channels.size() == row.channels);
  CHECK(reading.version.mariadb == row.mariadb);
}

TEST_CASE("without the privilege for the status, the error is the GRANT") {
  CannedServer mariadb;
  set_up_mariadb(mariadb);
  mariadb.answer("SHOW ALL SLAVES STATUS", denied(1227));
  CHECK_THROWS_WITH(read(mariadb), Contains("GRANT SLAVE MONITOR ON *.* TO 'monitor'@'%'"));
  CannedServer mysql;
  set_up_mysql(mysql);
  mysql.answer("SHOW REPLICA STATUS", denied(1227));
  CHECK_THROWS_WITH(read(mysql), Contains("GRANT REPLICATION CLIENT ON *.* TO 'monitor'@'%'"));
}

TEST_CASE("a closed performance schema is told once, and the rest is read") {
  CannedServer server;
  set_up_mysql(server);
  server.answer("SHOW REPLICA STATUS", recorded_answer("mysql-9.7-duplicate-row"))
      .answer(pfs_heard, denied(1142))
      .answer(pfs_workers, denied(1142));
  const ReplicaReading reading = read(server);
  REQUIRE(reading.not_readable.size() == 1);
  CHECK_THAT(reading.not_readable[0], Contains("GRANT SELECT ON performance_schema.* TO 'monitor'@'%'"));
  CHECK(reading.channels.size() == 1);
  CHECK_THAT(reading.channels[0].sql.error_text, Contains("Coordinator stopped"));
}

TEST_CASE("the worker's own error replaces the coordinator's") {
  CannedServer server;
  set_up_mysql(server);
  server.answer("SHOW REPLICA STATUS", recorded_answer("mysql-9.7-duplicate-row"))
      .answer(pfs_workers, recorded_answer("mysql-9.7-duplicate-row-of-a-worker"));
  CHECK_THAT(read(server).channels[0].sql.error_text, Contains("Duplicate entry '1000'"));
}

TEST_CASE("MySQL 5.7 has counters, 5.6 nothing to listen to") {
  CannedServer server;
  set_up_mysql(server);
  server.answers.insert(server.answers.begin(),
                        {pfs_counters, one_row({{"CHANNEL_NAME", ""},
                                                {"HEARTBEAT_INTERVAL", "30.000"},
                                                {"COUNT_RECEIVED_HEARTBEATS", "7"}})});
  server.answer(pfs_heard, fakes::SqlError(evenkeel::Fault::protocol, 1054, "unknown column"));
  const ReplicaReading reading = read(server);
  CHECK(reading.last_heard.empty());
  CHECK(reading.channels[0].heartbeats_received == 7u);
  CHECK(reading.channels[0].heartbeat_period == 30.0);

  CannedServer older;
  set_up_mysql(older);
  older.answer(pfs_heard, fakes::SqlError(evenkeel::Fault::protocol, 1146, "no such table"));
  CHECK(read(older).last_heard.empty());
}

TEST_CASE("the heartbeat table's errors are a finding of their own") {
  const auto [error, text] = GENERATE(table<fakes::SqlError, std::string>({
      {denied(1142),
       "may not read percona.heartbeat, or there is no such table: GRANT SELECT ON `percona`.`heartbeat` TO "
       "'monitor'@'%'"},
      {fakes::SqlError(evenkeel::Fault::protocol, 1146, "error 1146 \"Table doesn't exist\""),
       "--heartbeat percona.heartbeat: error 1146"},
      {fakes::SqlError(evenkeel::Fault::denied, 1049, "error 1049 \"Unknown database\""),
       "--heartbeat percona.heartbeat: error 1049"},
  }));
  CannedServer server;
  set_up_mariadb(server);
  server.answer("SELECT h.*", error);
  ReplicaQuestions questions;
  questions.heartbeat = HeartbeatTable::parse("percona.heartbeat", false);
  const ReplicaReading reading = read(server, questions);
  CHECK_FALSE(reading.heartbeats);
  REQUIRE(reading.not_readable.size() == 1);
  CHECK_THAT(reading.not_readable[0], Contains(text));
}

TEST_CASE("a connection that ends is no finding but an error, with the step in few words") {
  CannedServer server;
  set_up_mariadb(server);
  server.answer(mariadb_variables,
                fakes::SqlError(evenkeel::Fault::unreachable, 2013, "the server closed the connection"));
  CHECK_THROWS_WITH(read(server), Catch::Equals("reading variables: the server closed the connection"));
}

TEST_CASE("group replication's channels are kept apart, its members read") {
  CannedServer server;
  set_up_mysql(server);
  server.answer("SHOW REPLICA STATUS", recorded_answer("mysql-8.0-group-member"))
      .answer("SHOW GLOBAL VARIABLES",
              variables({{"server_uuid", "eeee"}, {"group_replication_group_name", "g"}}))
      .answer("SELECT * FROM performance_schema.replication_group_members",
              one_row({{"MEMBER_ID", "EEEE"},
                       {"MEMBER_HOST", "db2"},
                       {"MEMBER_PORT", "3306"},
                       {"MEMBER_STATE", "ONLINE"},
                       {"MEMBER_ROLE", "PRIMARY"}}))
      .answer("SELECT m.*", one_row({{"COUNT_TRANSACTIONS_REMOTE_IN_APPLIER_QUEUE", "4"},
                                     {"COUNT_TRANSACTIONS_REMOTE_APPLIED", "9"},
                                     {"evenkeel_waiting", "3e11fa47-71ca-11e1-9e33-c80aa9429562:9-12"}}));
  const ReplicaReading reading = read(server);
  CHECK(reading.channels.size() == 1);
  CHECK(reading.group_channels.size() == 1);
  REQUIRE(reading.server.group);
  REQUIRE(reading.server.group->own() != nullptr);
  CHECK(reading.server.group->own()->state == "ONLINE");
  REQUIRE(reading.server.cluster_load);
  CHECK(reading.server.cluster_load->waiting == 4);
  CHECK_FALSE(reading.server.cluster_load->applies_nothing);  // one look does not tell
  ReplicaQuestions watching;
  watching.patience = std::chrono::seconds(1);
  CHECK(read(server, watching).server.cluster_load->applies_nothing);
}

TEST_CASE("status variables are asked for where something needs them") {
  CannedServer server;
  set_up_mariadb(server);
  server
      .answer(mariadb_variables, one_row({{"rpl_semi_sync_slave_enabled", "1"},
                                          {"wsrep_on", "1"},
                                          {"wsrep_provider", "/usr/lib/galera/libgalera_smm.so"}}))
      .answer("SHOW GLOBAL STATUS", variables({{"Rpl_semi_sync_slave_status", "OFF"},
                                               {"wsrep_ready", "ON"},
                                               {"wsrep_cluster_status", "Primary"},
                                               {"wsrep_local_state_comment", "Synced"},
                                               {"wsrep_cluster_size", "3"}}));
  const ReplicaReading reading = read(server);
  CHECK(reading.server.semi_sync == false);
  REQUIRE(reading.server.galera);
  CHECK(reading.server.galera->cluster_size == "3");
}

TEST_CASE("read_only in all its words") {
  const auto [text, expected] = GENERATE(table<std::string, std::optional<bool>>({
      {"ON", true},
      {"1", true},
      {"NO_LOCK", true},
      {"NO_LOCK_NO_ADMIN", true},
      {"OFF", false},
      {"0", false},
      {"", std::nullopt},
  }));
  CannedServer server;
  set_up_mariadb(server);
  server.answer(mariadb_variables, one_row({{"read_only", text}}));
  CHECK(read(server).server.read_only == expected);
}

TEST_CASE("a MariaDB that lacks a variable is asked for those that it has") {
  CannedServer server;
  set_up_mariadb(server);
  server
      .answer(mariadb_variables, fakes::SqlError(evenkeel::Fault::protocol, 1193,
                                                 "error 1193 \"Unknown system variable 'wsrep_on'\""))
      .answer("SHOW GLOBAL VARIABLES", variables({{"read_only", "OFF"}, {"slave_skip_errors", "1062"}}));
  const ServerState state = read(server).server;
  CHECK(state.read_only == false);
  CHECK(state.read_only_text == "OFF");
  CHECK(state.skip_errors == "1062");
}

TEST_CASE("flags are told in the server's words, however they were asked for") {
  const auto [selected, text] = GENERATE(table<std::string, std::string>({
      {"0", "OFF"},
      {"1", "ON"},
      {"NO_LOCK", "NO_LOCK"},
  }));
  CannedServer server;
  set_up_mariadb(server);
  server.answer(mariadb_variables, one_row({{"read_only", selected}}));
  CHECK(read(server).server.read_only_text == text);
}
