#include "replication_check.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "evenkeel/render.h"
#include "fakes/canned_session.h"
#include "fakes/recorded_answer.h"

using namespace evenkeel;
using namespace evenkeel::replication;
using Catch::Contains;
using fakes::CannedConnector;
using fakes::CannedServer;
using fakes::one_row;
using fakes::recorded_answer;
using fakes::variables;
using fakes::with;

namespace {

std::shared_ptr<CannedServer> replica_of(const std::string& source, const std::string& applied) {
  auto server = std::make_shared<CannedServer>();
  server
      ->answer(
          "SHOW ALL SLAVES STATUS",
          with(with(recorded_answer("mariadb-10.11-healthy"), "Master_Host", source), "Master_Port", "3306"))
      .answer("SELECT @@GLOBAL.read_only AS read_only", one_row({{"read_only", "1"}, {"server_id", "2"}}))
      .answer("SHOW GLOBAL STATUS", variables({{"Uptime", "7000"}}))
      .answer("SELECT @@GLOBAL.gtid_slave_pos AS applied", one_row({{"applied", applied}, {"written", ""}}));
  return server;
}

std::shared_ptr<CannedServer> source_at(const std::string& position, const std::string& server_id = "1") {
  auto server = std::make_shared<CannedServer>();
  server
      ->answer("SELECT @@GLOBAL.gtid_binlog_pos AS written", one_row({{"written", position},
                                                                      {"state", position},
                                                                      {"applied", ""},
                                                                      {"id", server_id},
                                                                      {"log_bin", "1"}}))
      .answer("SHOW ALL SLAVES STATUS", fakes::denied(1227));
  return server;
}

struct Bench {
  std::shared_ptr<CannedConnector> connector = std::make_shared<CannedConnector>();
  StateStore state = StateStore::disabled();

  std::string line(std::vector<std::string> arguments) {
    ReplicationCheck check([this](const std::vector<mysql::Login>&) { return connector; });
    const Description description = check.describe();
    std::vector<OptionSpec> specs = common_options(description);
    specs.insert(specs.end(), description.options.begin(), description.options.end());
    const Options options = Options::parse(specs, arguments);
    check.configure(options);
    Limits limits(description.labels);
    limits.apply(Limits::Level::warning, "--warning", options.values("warning"));
    RunContext context{Deadline::after(std::chrono::seconds(5)), limits, state, Status::critical, 0};
    const std::string text = render_text("check_mysql_replication", check.run(context), {});
    return text.substr(0, text.find('\n'));
  }
};

}  // namespace

TEST_CASE("each target is asked, in the order given, and a dead one hides no other") {
  Bench bench;
  bench.connector->servers = {{"db2:3306", replica_of("db1", "0-1-3")},
                              {"db4:3306", replica_of("db1", "0-1-3")}};
  const std::string line = bench.line({"-H", "db2,db3,db4"});
  CHECK_THAT(line, Contains("CRITICAL - db3: connecting to port 3306: no connection"));
  CHECK_THAT(line, Contains("'lag@db2'=0s;300;600;0 'lag@db4'=0s;300;600;0"));
}

TEST_CASE("the replicas are read first, then each source once") {
  Bench bench;
  bench.connector->servers = {{"db2:3306", replica_of("db1", "0-1-3")},
                              {"db3:3306", replica_of("db1", "0-1-1")},
                              {"db1:3306", source_at("0-1-5")}};
  const std::string line = bench.line({"-H", "db2,db3", "--source", "auto"});
  CHECK_THAT(line, Contains("'transactions_behind@db2'=2;;;0"));
  CHECK_THAT(line, Contains("'transactions_behind@db3'=4;;;0"));
  REQUIRE(bench.connector->connected.size() == 3);
  CHECK(bench.connector->connected[2] == "db1:3306");
}

TEST_CASE("one --source is for all; auto notices that another server answers") {
  Bench bench;
  bench.connector->servers = {{"db2:3306", replica_of("db1", "0-1-3")},
                              {"db9:3307", source_at("0-1-5", "9")},
                              {"db1:3306", source_at("0-1-5", "9")}};
  CHECK_THAT(bench.line({"-H", "db2", "--source", "db9:3307"}), Contains("transactions_behind=2"));
  CHECK_THAT(
      bench.line({"-H", "db2", "--source", "auto"}),
      Contains("UNKNOWN - db2: cannot compare with db1:3306: the server that answers there is not the one"));
  CHECK_THAT(bench.line({"-H", "db2", "--source", "db7"}),
             Contains("UNKNOWN - db2: cannot compare with db7:3306: no connection: refused"));
}

TEST_CASE("last_heard comes from the difference to the last run") {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "evenkeel-replication-check-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  Bench bench;
  bench.state = StateStore("check_mysql_replication", folder.string());
  const auto server = replica_of("db1", "0-1-3");
  bench.connector->servers = {{"db2:3306", server}};
  CHECK_THAT(bench.line({"-H", "db2"}), !Contains("last_heard"));
  CHECK_THAT(bench.line({"-H", "db2"}), Contains("last_heard=0"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("what makes no sense is an error that names it") {
  const auto [arguments, words] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"-w", "errant_transactions=0"}, "errant_transactions needs --source"},
      {{"-w", "transactions_behind@db2=0"}, "transactions_behind needs --source"},
      {{"--stopped", "fine"}, "--stopped: \"fine\""},
      {{"--not-replica", "4"}, "--not-replica: \"4\""},
      {{"--heartbeat", "heartbeat"}, "--heartbeat: \"heartbeat\" is not DB.TABLE"},
      {{"--heartbeat-utc"}, "--heartbeat-utc needs --heartbeat"},
      {{"--heartbeat-server-id", "3"}, "--heartbeat-server-id needs --heartbeat"},
      {{"--heartbeat", "a.b", "--heartbeat-server-id", "x"}, "--heartbeat-server-id"},
      {{"--source", "db1:port"}, "--source"},
      {{"--parallel", "0"}, "--parallel"},
  }));
  Bench bench;
  bench.connector->servers = {{"db2:3306", replica_of("db1", "0-1-3")}};
  std::vector<std::string> all{"-H", "db2"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  CHECK_THROWS_WITH(bench.line(all), Contains(words));
}
