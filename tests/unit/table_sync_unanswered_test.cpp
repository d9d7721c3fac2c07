// What a server does not answer, or refuses, is said of what it was asked about: it is never taken for "all
// is well", and never for something else.
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "evenkeel/check.h"
#include "fakes/described_server.h"
#include "sync_run.h"

using namespace evenkeel;
using namespace evenkeel::table_sync;
using fakes::DescribedConnector;
using fakes::DescribedServer;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Scene {
  std::shared_ptr<DescribedConnector> connector = std::make_shared<DescribedConnector>();
  std::vector<mysql::Login> logins;
  Settings settings;
  std::shared_ptr<StopRequest> stop;

  explicit Scene(std::chrono::milliseconds time = std::chrono::seconds(20)) {
    for (const char* host : {"db1", "db2"}) {
      mysql::Login login;
      login.name = login.host = host;
      logins.push_back(login);
      connector->servers[host] = std::make_shared<DescribedServer>();
      on(host, [](const std::string&, mysql::Rows&) {});
    }
    settings.tables = {"shop.*"};
    settings.budget = 3;
    settings.confirm = 0.05;
    stop =
        std::make_shared<StopRequest>(Deadline::after(time), Deadline::after(time + std::chrono::seconds(2)));
  }

  using Change = std::function<void(const std::string& sql, mysql::Rows& rows)>;
  void on(const std::string& host, const Change& change) {
    connector->servers[host]->change = [change](const std::string& sql, mysql::Rows& rows) {
      // All rows are one range.
      if (rows.has("k0") && contains(sql, " ORDER BY ")) rows.rows.clear();
      if (contains(sql, " AS ordered")) rows = {{"n", "d1", "ordered"}, {{"1", "4711", "1"}}};
      change(sql, rows);
    };
  }
  void on_both(const Change& change) {
    on("db1", change);
    on("db2", change);
  }

  SyncReading run() {
    const StateStore state = StateStore::disabled();
    const Limits limits{{}};
    RunContext context{Deadline::after(std::chrono::seconds(22)), limits, state, Status::critical, 0};
    return SyncRun(connector, logins, settings, context, stop).run();
  }
};

[[noreturn]] void fail(int code, const std::string& text = "something odd") {
  throw mysql::sql_error("asking", code, text);
}

const std::string all_columns = "SELECT * FROM `shop`.`t` LIMIT 0";

void grant_single_columns(const std::string& sql, mysql::Rows& rows) {
  if (contains(sql, "COLUMN_PRIVILEGES")) rows = {{"d", "t"}, {{"shop", "t"}}};
}

std::string remarks_of(const SyncReading& reading) {
  std::string text;
  for (const TableReading& table : reading.tables)
    for (const std::string& remark : table.outcome.remarks) text += remark + "\n";
  return text;
}

}  // namespace

TEST_CASE("A table that differs in nothing, on servers that answer everything") {
  Scene scene;
  const SyncReading reading = scene.run();
  REQUIRE(reading.tables.size() == 1);
  for (const auto& [server, failure] : reading.tables[0].outcome.failures) FAIL_CHECK(failure.text);
  CHECK(reading.tables[0].outcome.compared);
  CHECK(remarks_of(reading).empty());
}

TEST_CASE("Which columns the account may read is not known where the question fails") {
  // Locks, time limits, a table that is changed, and what a proxy may say.
  const int code =
      GENERATE(1205, 1969, 3024, 1146, 1412, 1213, 1615, 1049, 1054, 1064, 1105, 1317, 1356, 2014);
  CAPTURE(code);
  Scene scene;
  scene.settings.where = GENERATE("", "n > 0");
  scene.on_both([code](const std::string& sql, mysql::Rows& rows) {
    grant_single_columns(sql, rows);
    if (sql == all_columns) fail(code);
  });
  const SyncReading reading = scene.run();
  REQUIRE(reading.tables.size() == 1);
  const TableOutcome& outcome = reading.tables[0].outcome;
  CHECK_FALSE(outcome.compared);
  REQUIRE(outcome.failures.size() == 2);
  for (const auto& [server, failure] : outcome.failures) {
    const bool slow = code == 1205 || code == 1969 || code == 3024;
    CHECK(failure.code == 0);  // which would say something of --where, or that the table is to be read anew
    CHECK(contains(failure.text, slow ? "it is locked" : "its columns could not be looked at: "));
    CHECK_FALSE(reading.servers[server].failure);
  }
}

TEST_CASE("A table that is swapped while its columns are asked for is asked again") {
  const int code = GENERATE(1146, 1412, 1615);
  Scene scene;
  std::map<int, int> asked;
  int number = 0;
  for (const char* host : {"db1", "db2"})
    scene.on(host, [&asked, code, at = ++number](const std::string& sql, mysql::Rows& rows) {
      grant_single_columns(sql, rows);
      if (sql == all_columns) fail(++asked[at] == 1 ? code : 1143);
    });
  asked = {{1, 0}, {2, 0}};
  const SyncReading reading = scene.run();
  CHECK(reading.tables.at(0).denied.size() == 2);
  CHECK(reading.tables.at(0).outcome.failures.empty());
}

TEST_CASE("A server that is lost over the question for columns is lost") {
  Scene scene;
  scene.on("db2", [](const std::string& sql, mysql::Rows& rows) {
    grant_single_columns(sql, rows);
    if (sql == all_columns) fail(2013);
  });
  const SyncReading reading = scene.run();
  CHECK_FALSE(reading.servers[0].failure);
  REQUIRE(reading.servers[1].failure);
  CHECK(reading.servers[1].failure->fault == Fault::unreachable);
}

TEST_CASE("for the lag, a GRANT is the way out where a privilege is missing, and nowhere else") {
  const int code = GENERATE(1227, 1142, 1044, 1105, 1064, 1317, 1205, 2014);
  CAPTURE(code);
  Scene scene;
  scene.on("db2", [code](const std::string& sql, mysql::Rows&) {
    if (contains(sql, "SLAVES STATUS")) fail(code);
  });
  const bool denied = code == 1227 || code == 1142 || code == 1044;
  SECTION("asked for") {
    scene.settings.max_lag = 5;
    const SyncReading reading = scene.run();
    CHECK_FALSE(reading.servers[0].failure);
    REQUIRE(reading.servers[1].failure);
    const Failure& failure = *reading.servers[1].failure;
    CAPTURE(failure.text);
    CHECK(contains(failure.text, "--max-lag: "));
    CHECK(contains(failure.text, "GRANT ") == denied);
    CHECK(contains(failure.text, "the replication status could not be read: ") == !denied);
    CHECK(failure.fault == (denied ? Fault::denied : Fault::protocol));
  }
  SECTION("not asked for") {
    const SyncReading reading = scene.run();
    CHECK_FALSE(reading.servers[1].failure);
    CHECK(reading.tables.at(0).outcome.compared);
  }
}

TEST_CASE("the end of the run says nothing of a table that seems to be missing") {
  const bool by_signal = GENERATE(true, false);
  CAPTURE(by_signal);
  Scene scene(by_signal ? std::chrono::seconds(20) : std::chrono::milliseconds(3000));
  scene.settings.tables = {"shop.t", "shop.gone", "shop.lost"};
  scene.on_both([&](const std::string& sql, mysql::Rows&) {
    if (!contains(sql, "FROM `shop`.`gone`")) return;
    if (by_signal) scene.stop->make();
    while (!scene.stop->made()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    fail(1146);
  });
  const SyncReading reading = scene.run();
  REQUIRE(reading.tables.size() == 3);
  for (const TableReading& table : reading.tables) {
    CAPTURE(table.table.text());
    CHECK(table.outcome.failures.empty());
    // Missing is what it seemed to be, and that is not certain.
    CHECK(table.definition.missing_on.empty());
    CHECK(table.doubts.size() == (table.table.table == "t" ? 0u : 2u));
  }
  for (const ServerReading& server : reading.servers) CHECK_FALSE(server.failure);
}

TEST_CASE("A server that is lost while it is asked for missing tables is lost once") {
  Scene scene;
  scene.settings.tables = {"shop.t", "shop.a", "shop.b", "shop.c"};
  const auto missing = [](const std::string& sql) {
    return contains(sql, "FROM `shop`.`a`") || contains(sql, "FROM `shop`.`b`") ||
           contains(sql, "FROM `shop`.`c`");
  };
  scene.on("db1", [&](const std::string& sql, mysql::Rows&) {
    if (missing(sql)) fail(1146);
  });
  scene.on("db2", [&](const std::string& sql, mysql::Rows&) {
    if (missing(sql)) fail(2013);
  });
  const SyncReading reading = scene.run();
  CHECK_FALSE(reading.servers[0].failure);
  REQUIRE(reading.servers[1].failure);
  for (const TableReading& table : reading.tables) CHECK(table.outcome.failures.empty());
}

TEST_CASE("A table that seems to be missing and is locked") {
  const int code = GENERATE(1205, 1969, 3024);
  Scene scene;
  scene.settings.tables = {"shop.t", "shop.made"};
  scene.on("db1", [code](const std::string& sql, mysql::Rows&) {
    if (contains(sql, "FROM `shop`.`made`")) fail(code);
  });
  const SyncReading reading = scene.run();
  for (const TableReading& table : reading.tables) {
    if (table.table.table != "made") continue;
    REQUIRE(table.outcome.failures.contains(0));
    CHECK(contains(table.outcome.failures.at(0).text, "it is locked"));
  }
}

namespace {

// db1 shows a database without tables, of which db2 is asked.
void show_bare(const std::string& sql, mysql::Rows& rows) {
  if (contains(sql, "information_schema.SCHEMATA")) rows = {{"d", "found"}, {{"bare", "1"}}};
}

}  // namespace

TEST_CASE("A database that one server shows, and another one is asked about in vain") {
  const std::string question = GENERATE("FROM `bare`.", "SCHEMA_NAME = ");
  const int code = GENERATE(1105, 1064, 1317, 1205, 1969, 2014, 2013, 1040);
  CAPTURE(question, code);
  Scene scene;
  scene.settings.tables = {"*.*"};
  scene.on("db1", show_bare);
  scene.on("db2", [&](const std::string& sql, mysql::Rows&) {
    if (contains(sql, question)) fail(code);
  });
  const SyncReading reading = scene.run();
  const bool lost = code == 2013 || code == 1040;
  CHECK(reading.servers[1].failure.has_value() == lost);
  REQUIRE(reading.hidden.size() == (lost ? 0 : 1));
  if (lost) return;
  CHECK(reading.hidden[0].server == 1);
  CHECK_FALSE(reading.hidden[0].missing);
  CHECK(contains(reading.hidden[0].text, "could not be asked about the database bare, which db1 shows: "));
}

TEST_CASE("A database that one server shows, and cannot say any more whether it is there") {
  const int code = GENERATE(1105, 1969, 2013);
  CAPTURE(code);
  Scene scene;
  scene.settings.tables = {"*.*"};
  scene.on("db1", [&](const std::string& sql, mysql::Rows& rows) {
    show_bare(sql, rows);
    if (contains(sql, "SCHEMA_NAME = ")) fail(code);
  });
  const SyncReading reading = scene.run();
  CHECK(reading.servers[0].failure.has_value() == (code == 2013));
  REQUIRE(reading.hidden.size() == (code == 2013 ? 0 : 1));
  if (code == 2013) return;
  CHECK(reading.hidden[0].server == 0);
  CHECK(contains(reading.hidden[0].text, "could not be asked about the database bare: "));
}

TEST_CASE("A database that one server shows, and another one does not have or may not read") {
  Scene scene;
  scene.settings.tables = {"*.*"};
  scene.on("db1", show_bare);
  SECTION("missing") {
    const SyncReading reading = scene.run();
    REQUIRE(reading.hidden.size() == 1);
    CHECK(reading.hidden[0].missing);
  }
  SECTION("denied") {
    scene.on("db2", [](const std::string& sql, mysql::Rows&) {
      if (contains(sql, "FROM `bare`.")) fail(1142);
    });
    const SyncReading reading = scene.run();
    REQUIRE(reading.hidden.size() == 1);
    CHECK(contains(reading.hidden[0].text, "privilege missing"));
  }
  SECTION("not asked about to the end") {
    scene.on("db2", [&](const std::string& sql, mysql::Rows&) {
      if (!contains(sql, "FROM `bare`.")) return;
      scene.stop->make();
      fail(1317);
    });
    CHECK(scene.run().hidden.empty());
  }
}

TEST_CASE("A load that cannot be seen is told") {
  const std::string kind = GENERATE("1105", "1227", "1969", "no row", "no number");
  CAPTURE(kind);
  Scene scene;
  scene.on("db2", [&](const std::string& sql, mysql::Rows& rows) {
    if (!contains(sql, "Threads_running")) return;
    if (kind == "no row")
      rows.rows.clear();
    else if (kind == "no number")
      rows.rows[0][1] = "many";
    else
      fail(std::stoi(kind));
  });
  const SyncReading reading = scene.run();
  CHECK_FALSE(reading.servers[1].failure);
  REQUIRE(reading.tables.at(0).outcome.compared);
  const std::string remarks = remarks_of(reading);
  CAPTURE(remarks);
  CHECK(contains(remarks, "db2: --max-running has no effect: "));
  CHECK_FALSE(contains(remarks, "db1"));
  CHECK(remarks.find("--max-running") == remarks.rfind("--max-running"));
}

TEST_CASE("A lag that cannot be seen any more is told, and the load is still held to") {
  const int code = GENERATE(1105, 1227, 1969);
  CAPTURE(code);
  Scene scene;
  scene.settings.max_lag = 5;
  int asked = 0;
  scene.on("db2", [&](const std::string& sql, mysql::Rows&) {
    if (contains(sql, "SLAVES STATUS") && ++asked > 1) fail(code);
  });
  const SyncReading reading = scene.run();
  CHECK_FALSE(reading.servers[1].failure);
  const std::string remarks = remarks_of(reading);
  CAPTURE(remarks);
  CHECK(contains(remarks, "db2: --max-lag has no effect: "));
  CHECK_FALSE(contains(remarks, "--max-running"));
}

TEST_CASE("A server that is lost over its load is lost") {
  Scene scene;
  scene.on("db2", [](const std::string& sql, mysql::Rows&) {
    if (contains(sql, "Threads_running")) fail(2013);
  });
  const SyncReading reading = scene.run();
  CHECK(reading.servers[1].failure);
  CHECK_FALSE(contains(remarks_of(reading), "--max-running"));
}

TEST_CASE("A table that is altered again and again is compared in its first quiet moment") {
  Scene scene;
  scene.settings.budget = 12;
  // Three quarters of the time that such a table gets, and many times --confirm.
  const auto quiet = std::chrono::steady_clock::now() + std::chrono::milliseconds(2200);
  int number = 0;
  std::mutex mutex;
  // On one server alone in the first case: seen when the tables are listed; on both: seen when they are read.
  const bool on_one = GENERATE(true, false);
  const auto change = [&](const std::string& sql, mysql::Rows& rows) {
    if (std::chrono::steady_clock::now() > quiet) return;
    const std::lock_guard lock(mutex);
    if (contains(sql, "information_schema.COLUMNS"))
      rows.rows[0][9] = "varchar(" + std::to_string(++number % 9 + 1) + ")";
    if (contains(sql, " AS ordered")) fail(1412);
  };
  if (on_one)
    scene.on("db2", change);
  else
    scene.on_both(change);
  const SyncReading reading = scene.run();
  REQUIRE(reading.tables.size() == 1);
  CHECK(reading.tables[0].outcome.compared);
  CHECK_FALSE(reading.tables[0].restless);
  CHECK(remarks_of(reading).empty());
}
