#include <catch2/catch.hpp>

#include "channel_status.h"
#include "evenkeel/error.h"
#include "fakes/recorded_answer.h"

using namespace evenkeel::replication;
using fakes::recorded_answer;
using fakes::with;
using std::nullopt;

namespace {

std::string state(ThreadState state) {
  return state == ThreadState::running      ? "running"
         : state == ThreadState::stopped    ? "stopped"
         : state == ThreadState::connecting ? "connecting"
                                            : "preparing";
}

}  // namespace

TEST_CASE("a channel is read from the answer of any dialect") {
  const auto [answer, io, io_error, sql, sql_error, lag] =
      GENERATE(table<std::string, std::string, unsigned, std::string, unsigned, std::optional<double>>({
          {"mariadb-10.1-healthy", "running", 0, "running", 0, 0},
          {"mariadb-10.11-healthy", "running", 0, "running", 0, 0},
          {"mariadb-10.11-duplicate-row", "running", 0, "stopped", 1062, nullopt},
          {"mariadb-10.11-missing-table", "running", 0, "stopped", 1146, nullopt},
          {"mariadb-10.11-io-stopped", "stopped", 0, "running", 0, nullopt},
          {"mariadb-10.11-both-stopped", "stopped", 0, "stopped", 0, nullopt},
          {"mariadb-10.11-lag-3600", "running", 0, "running", 0, 3600},
          {"mariadb-10.11-wrong-password", "connecting", 1045, "running", 0, nullopt},
          {"mariadb-10.11-source-down", "connecting", 2003, "running", 0, nullopt},
          {"mariadb-10.11-binlog-purged", "stopped", 1236, "running", 0, nullopt},
          {"mysql-5.6-duplicate-row", "running", 0, "stopped", 1062, nullopt},
          {"mysql-9.7-healthy", "running", 0, "running", 0, 0},
          {"mysql-9.7-duplicate-row", "running", 0, "stopped", 1062, nullopt},
          {"mysql-9.7-io-stopped", "stopped", 0, "running", 0, nullopt},
          {"mysql-9.7-both-stopped", "stopped", 0, "stopped", 0, nullopt},
          {"mysql-9.7-lag-3600", "running", 0, "running", 0, 3601},
          {"mysql-9.7-wrong-password", "connecting", 1045, "running", 0, nullopt},
          {"mysql-9.7-source-down", "connecting", 2003, "running", 0, nullopt},
          {"mysql-9.7-binlog-purged", "stopped", 13114, "running", 0, nullopt},
      }));
  CAPTURE(answer);
  const std::vector<ChannelStatus> channels = channels_from(recorded_answer(answer));
  REQUIRE(channels.size() == 1);
  CHECK(channels[0].name.empty());
  CHECK(state(channels[0].io.state) == io);
  CHECK(channels[0].io.error == io_error);
  CHECK(channels[0].io.error_text.empty() == (io_error == 0));
  CHECK(state(channels[0].sql.state) == sql);
  CHECK(channels[0].sql.error == sql_error);
  CHECK(channels[0].seconds_behind == lag);
  CHECK(channels[0].source_port != 0);
}

TEST_CASE("channels have names, delays and sources of their own") {
  const std::vector<ChannelStatus> channels = channels_from(recorded_answer("mysql-5.7-two-channels"));
  REQUIRE(channels.size() == 2);
  CHECK(channels[0].name == "east");
  CHECK(channels[0].source() == "db1:3306");
  CHECK(channels[0].configured_delay == 0);
  CHECK(channels[1].name == "west");
  CHECK(channels[1].source() == "[fd00::7]:3307");
  CHECK(channels[1].configured_delay == 3600);
  CHECK(channels[1].source_uuid == "4e11fa47-71ca-11e1-9e33-c80aa9429562");
}

TEST_CASE("real servers' named channels are told apart") {
  const auto answer = GENERATE(values<std::string>({"mariadb-10.11-two-channels", "mysql-9.7-two-channels"}));
  const std::vector<ChannelStatus> channels = channels_from(recorded_answer(answer));
  REQUIRE(channels.size() == 2);
  CHECK(channels[0].name == "east");
  CHECK(channels[1].name == "west");
  CHECK(channels[0].source_server_id != channels[1].source_server_id);
}

TEST_CASE("MariaDB's counters are read, MySQL's status has none") {
  const ChannelStatus mariadb = channels_from(recorded_answer("mariadb-10.1-healthy")).front();
  CHECK(mariadb.heartbeats_received == 4u);
  CHECK(mariadb.heartbeat_period == 1800.0);
  CHECK(mariadb.read_position == "mariadb-bin.000001:320 0-1-7");
  CHECK_FALSE(channels_from(recorded_answer("mysql-9.7-healthy")).front().heartbeats_received);
}

TEST_CASE("the columns tell the family") {
  CHECK(speaks_mariadb(recorded_answer("mariadb-10.1-healthy")));
  CHECK(speaks_mariadb(recorded_answer("mariadb-10.11-healthy")));
  CHECK_FALSE(speaks_mariadb(recorded_answer("mysql-9.7-healthy")));
  CHECK_FALSE(speaks_mariadb(recorded_answer("mysql-5.6-duplicate-row")));
}

TEST_CASE("group replication's own channels are known by name") {
  const std::vector<ChannelStatus> channels = channels_from(recorded_answer("mysql-8.0-group-member"));
  CHECK(channels[0].belongs_to_group());
  CHECK_FALSE(channels[1].belongs_to_group());
}

TEST_CASE("words of the IO thread") {
  const auto [word, expected] = GENERATE(table<std::string, std::string>({
      {"Yes", "running"},
      {"No", "stopped"},
      {"Connecting", "connecting"},
      {"Preparing", "preparing"},
      {"yes", "running"},
  }));
  const auto rows = with(recorded_answer("mariadb-10.11-healthy"), "Slave_IO_Running", word);
  CHECK(state(channels_from(rows).front().io.state) == expected);
}

TEST_CASE("an answer that makes no sense is refused") {
  using Catch::Contains;
  const auto healthy = recorded_answer("mysql-9.7-healthy");
  CHECK_THROWS_WITH(channels_from(with(healthy, "Replica_IO_Running", "Maybe")), Contains("\"maybe\""));
  CHECK_THROWS_WITH(channels_from(with(healthy, "Replica_SQL_Running", nullopt)), Contains("SQL thread"));
  CHECK_THROWS_WITH(channels_from({{"a"}, {{"b"}}}), Contains("Replica_IO_Running"));
  CHECK(channels_from({{"a"}, {}}).empty());
}

TEST_CASE("a lag that is no number is no lag, and never 0") {
  const auto text = GENERATE(values<std::string>({"", "abc", "1 day", "nan"}));
  CHECK_FALSE(channels_from(with(recorded_answer("mysql-9.7-healthy"), "Seconds_Behind_Source", text))
                  .front()
                  .seconds_behind);
}

TEST_CASE("an UNTIL condition is read with its position, where it has one") {
  struct Case {
    const char* condition;
    const char* file;
    const char* position;
    const char* until;
  };
  const auto row =
      GENERATE(Case{"None", "", "0", ""}, Case{"", "", "0", ""},
               Case{"Source", "binlog.000003", "1234", "Source binlog.000003:1234"},
               Case{"Master", "mysql-bin.000001", "4", "Master mysql-bin.000001:4"},
               Case{"Relay", "relay.000002", "77", "Relay relay.000002:77"},
               Case{"SQL_BEFORE_GTIDS", "", "0", "SQL_BEFORE_GTIDS"}, Case{"Gtid", "", "0", "Gtid"});
  evenkeel::mysql::Rows rows;
  rows.columns = {"Slave_IO_Running", "Slave_SQL_Running", "Until_Condition", "Until_Log_File",
                  "Until_Log_Pos"};
  rows.rows = {{"Yes", "No", row.condition, row.file, row.position}};
  CHECK(channels_from(rows).at(0).until == row.until);
}
