// The engine over servers that are none: what it finds, what it never takes for drift, and how it ends.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "fakes/table_server.h"
#include "table_comparison.h"

using namespace evenkeel;
using namespace evenkeel::table_sync;
using fakes::TableServer;

namespace {

std::shared_ptr<const ComparisonPlan> plan_of(std::uint64_t rows) {
  ComparisonPlan plan;
  plan.table = {"shop", "t"};
  plan.columns = {{"id", Encoding::number, false, 0, false}, {"v", Encoding::bytes, true, 0, true}};
  plan.key = {{"id", KeyColumn::Kind::integer, false, ""}};
  plan.key_name = "PRIMARY";
  plan.estimated_rows = rows;
  return std::make_shared<const ComparisonPlan>(std::move(plan));
}

// The first server is the source of the others, unless they are strangers.
class Scene {
 public:
  enum Kind { replicas, strangers };

  explicit Scene(std::int64_t rows, Kind kind = replicas, std::size_t count = 2, std::int64_t step = 1) {
    for (std::size_t i = 0; i < count; ++i) {
      auto server = std::make_shared<TableServer>();
      for (std::int64_t row = 0; row < rows; ++row) server->rows[row * step] = "v" + std::to_string(row);
      server->server_id = i + 1;
      if (kind == replicas) (i == 0 ? server->written : server->applied) = 10;
      servers.push_back(server);
    }
    settings.confirm = kind == strangers ? 0.1 : 0.3;
    settings.chunk_time = 0.2;
  }

  TableOutcome compare(TableMemory memory = {}) {
    const auto connector = std::make_shared<fakes::TableConnector>();
    std::vector<mysql::Login> logins;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      mysql::Login login;
      login.name = login.host = "db" + std::to_string(i + 1);
      connector->servers[login.host] = servers[i];
      logins.push_back(std::move(login));
    }
    const Deadline deadline = Deadline::after(std::chrono::duration<double>(time));
    stop = std::make_shared<StopRequest>(deadline, deadline);
    fleet = std::make_unique<Fleet>(logins, 0);
    std::vector<LaneOptions> lanes;
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      (*fleet)[i].dialect = Dialect::of("10.11.14-MariaDB");
      lanes.push_back({connector, logins[i], deadline, stop, 2});
      all.push_back(i);
    }
    Crew crew(std::move(lanes), stop, patience);
    Progress progress;
    ComparisonContext context{*fleet,
                              *stop,
                              settings,
                              Hashing::with_random_salt(Strength::fast),
                              Deadline::after(std::chrono::duration<double>(budget)),
                              0,
                              progress};
    const auto keep = [this](const TableMemory& now) { kept = now; };
    return TableComparison(context, crew, plan_of(servers[0]->rows.size()), all, std::move(memory), keep)
        .run();
  }

  std::vector<std::shared_ptr<TableServer>> servers;
  Settings settings;
  double budget = 30;
  double time = 60;
  double patience = 5;
  std::shared_ptr<StopRequest> stop;
  std::unique_ptr<Fleet> fleet;
  TableMemory kept;
};

std::vector<std::int64_t> keys_of(const TableOutcome& outcome) {
  std::vector<std::int64_t> keys;
  for (const DriftedRow& row : outcome.drift.rows()) keys.push_back(std::stoll(row.key[0]));
  std::sort(keys.begin(), keys.end());
  return keys;
}

using Rows = std::map<std::int64_t, std::string>;

bool reads_rows(const std::string& sql) { return sql.find(" AS h FROM") != std::string::npos; }
bool waits(const std::string& sql) { return sql.find("MASTER_GTID_WAIT") != std::string::npos; }

}  // namespace

TEST_CASE("Every kind of drift is found, and nothing else") {
  struct Case {
    const char* what;
    std::int64_t rows, step;
    std::function<void(Rows&)> drift;
    std::vector<std::int64_t> keys;
  };
  const std::vector<Case> cases{
      {"none", 3000, 1, [](Rows&) {}, {}},
      {"one row", 3000, 1, [](Rows& t) { t[1700] = "x"; }, {1700}},
      {"the first and the last", 3000, 1, [](Rows& t) { t[0] = t[2999] = "x"; }, {0, 2999}},
      {"a missing row", 3000, 1, [](Rows& t) { t.erase(5); }, {5}},
      {"an extra row behind the end", 3000, 1, [](Rows& t) { t[9000] = "x"; }, {9000}},
      {"an extra row before the start", 3000, 1, [](Rows& t) { t[-9] = "x"; }, {-9}},
      {"two values exchanged in one block", 3000, 1, [](Rows& t) { std::swap(t[640], t[641]); }, {640, 641}},
      {"a row that moved within its block",
       3000,
       1,
       [](Rows& t) {
         t.erase(700);
         t[-1] = "v700";
       },
       {-1, 700}},
      {"rows of one block",
       3000,
       1,
       [](Rows& t) {
         t[64] = t[65] = t[100] = "x";
         t.erase(127);
       },
       {64, 65, 100, 127}},
      {"sparse keys",
       3000,
       1000,
       [](Rows& t) {
         t[1'000'000] = "x";
         t[1'000'001] = "y";
       },
       {1'000'000, 1'000'001}},
      {"an empty replica", 3, 1, [](Rows& t) { t.clear(); }, {0, 1, 2}},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Scene scene(c.rows, Scene::strangers, 2, c.step);
    c.drift(scene.servers[1]->rows);
    const TableOutcome outcome = scene.compare();
    CHECK(keys_of(outcome) == c.keys);
    CHECK(outcome.drift.count() == c.keys.size());
    CHECK(outcome.moving.count == 0);
    CHECK(outcome.finished);
    CHECK(scene.kept.coverage.covered() == 1);
  }
}

TEST_CASE("Few rows are read where few differ") {
  Scene scene(30000, Scene::strangers);
  for (std::int64_t key = 0; key < 30000; key += 200) scene.servers[1]->rows[key] = "x";
  std::size_t most = 0;
  const auto server = scene.servers[0];
  server->before = [&](const std::string& sql) {
    if (reads_rows(sql))
      most = std::max(most, static_cast<std::size_t>(std::count(sql.begin(), sql.end(), ',')));
  };
  const TableOutcome outcome = scene.compare();
  CHECK(outcome.drift.count() == 150);
  // 150 keys at a time, and no block of 64 in whole.
  CHECK(most > 100);
  CHECK(server->asked_for("BETWEEN") == 0);
}

TEST_CASE("What moves is no drift, what holds still is") {
  struct Case {
    const char* what;
    // On source and replica, before a statement of either.
    std::function<void(Rows&, Rows&, const std::string&)> happens;
    std::uint64_t drifted, unconfirmed;
  };
  int turn = 0;
  const std::vector<Case> cases{
      {"in flight: the replica has it once it was waited for",
       [](Rows& source, Rows& replica, const std::string& sql) {
         if (waits(sql)) replica[7] = source[7];
       },
       0, 0},
      {"holds still", [](Rows&, Rows&, const std::string&) {}, 1, 0},
      {"toggles A, B, A, B on the source, the replica behind",
       [&](Rows& source, Rows& replica, const std::string& sql) {
         if (!waits(sql)) return;
         replica[7] = source[7];
         source[7] = ++turn % 2 ? "A" : "B";
       },
       0, 1},
      {"a new value at each reading",
       [&](Rows& source, Rows&, const std::string& sql) {
         if (reads_rows(sql)) source[7] = std::to_string(++turn);
       },
       0, 1},
      {"is deleted on both",
       [](Rows& source, Rows& replica, const std::string& sql) {
         if (waits(sql)) {
           source.erase(7);
           replica.erase(7);
         }
       },
       0, 0},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Scene scene(50);
    scene.servers[0]->rows[7] = "new";
    Rows &source = scene.servers[0]->rows, &replica = scene.servers[1]->rows;
    std::mutex mutex;
    for (const auto& server : scene.servers)
      server->before = [&](const std::string& sql) {
        const std::lock_guard lock(mutex);
        const std::scoped_lock both(scene.servers[0]->mutex, scene.servers[1]->mutex);
        c.happens(source, replica, sql);
      };
    const TableOutcome outcome = scene.compare();
    CHECK(outcome.drift.count() == c.drifted);
    CHECK(outcome.moving.count == c.unconfirmed);
  }
}

TEST_CASE("A drift is read many times, with a wait in between") {
  Scene scene(50);
  scene.servers[1]->rows[7] = "x";
  CHECK(scene.compare().drift.count() == 1);
  // Once to find it, 13 times to confirm it.
  CHECK(scene.servers[0]->asked_for(" AS h FROM") == 14);
  CHECK(scene.servers[1]->asked_for("MASTER_GTID_WAIT('0-1-10'") == 12);
}

TEST_CASE("A drift that there was no time to be certain of is told, and found by the next run") {
  struct Case {
    const char* what;
    double time, budget;
    bool early;
  };
  const std::vector<Case> cases{
      {"each wait takes a second of three", 3, 30, true},
      {"with most of the budget gone", 3, 15, false},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Scene scene(50);
    scene.settings.budget = 40;
    scene.time = c.time;
    scene.budget = c.budget;
    scene.servers[1]->rows[7] = "x";
    // A run that ends leaves the thread that waits behind.
    const auto slow = std::make_shared<std::atomic<bool>>(true);
    scene.servers[1]->before = [slow](const std::string& sql) {
      if (*slow && waits(sql)) std::this_thread::sleep_for(std::chrono::seconds(1));
    };
    const TableOutcome outcome = scene.compare();
    CHECK(outcome.drift.count() == 0);
    CHECK(outcome.moving.count == 0);
    CHECK(outcome.undecided.count == 1);
    CHECK(outcome.undecided.first == std::vector<KeyTuple>{{"7"}});
    CHECK(outcome.undecided_early == c.early);
    CHECK(outcome.coverage.covered() == 0);
    CHECK(scene.kept.visited == 0);
    *slow = false;
    scene.time = 60;
    CHECK(keys_of(scene.compare(scene.kept)) == std::vector<std::int64_t>{7});
  }
}

TEST_CASE("A replica that does not apply is not compared") {
  Scene scene(50);
  scene.servers[1]->rows[7] = "x";
  scene.servers[1]->applies = false;
  const TableOutcome outcome = scene.compare();
  CHECK(outcome.drift.count() == 0);
  // It did not move.
  CHECK(outcome.moving.count == 0);
  CHECK(outcome.blocked.count == 1);
  CHECK(scene.kept.undecided == std::vector<KeyTuple>{{"7"}});
  CHECK(scene.fleet->not_applying(1).value_or("").find("does not apply") != std::string::npos);
}

TEST_CASE("A server that fails in the middle takes nothing with it") {
  struct Case {
    const char* what;
    mysql::SqlError error;
    bool lost;
  };
  const std::vector<Case> cases{
      {"gone", {Fault::unreachable, 2013, "lost connection"}, true},
      {"may not read the table", {Fault::denied, 1142, "SELECT denied"}, false},
      {"nonsense", {Fault::protocol, 0, "not what was asked for"}, false},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Scene scene(5000, Scene::strangers, 3);
    scene.servers[1]->rows[4000] = "x";
    int chunks = 0;
    scene.servers[2]->before = [&](const std::string& sql) {
      if (sql.find(" AS ordered") != std::string::npos && ++chunks >= 2) throw mysql::SqlError(c.error);
    };
    const TableOutcome outcome = scene.compare();
    CHECK(keys_of(outcome) == std::vector<std::int64_t>{4000});
    CHECK(scene.fleet->failure_of(2).has_value() == c.lost);
    CHECK(outcome.failures.contains(2) == !c.lost);
    CHECK(scene.kept.coverage.covered() < 1);
  }
}

TEST_CASE("A statement that takes too long is asked again for fewer rows") {
  Scene scene(5000, Scene::strangers);
  scene.servers[1]->rows[4000] = "x";
  int refused = 0;
  scene.servers[1]->before = [&](const std::string& sql) {
    if (sql.find(" AS ordered") == std::string::npos || ++refused > 2) return;
    throw mysql::SqlError(Fault::protocol, 1969, "max_statement_time exceeded");
  };
  const TableOutcome outcome = scene.compare();
  CHECK(keys_of(outcome) == std::vector<std::int64_t>{4000});
  CHECK(outcome.failures.empty());
  CHECK(outcome.rows_compared == 5000);
}

TEST_CASE("An answer that is too large is asked for in halves") {
  Scene scene(5000, Scene::strangers);
  for (std::int64_t key = 1500; key < 4500; ++key) scene.servers[1]->rows[key] = "x";
  scene.servers[1]->before = [&](const std::string& sql) {
    const auto between = sql.find("BETWEEN ");
    if (!reads_rows(sql) || between == std::string::npos) return;
    const auto from = std::stoll(sql.substr(between + 8)),
               to = std::stoll(sql.substr(sql.find(" AND ", between) + 5));
    if (to - from > 1000)
      throw mysql::SqlError(Fault::protocol, mysql::SqlError::answer_too_large, "too large");
  };
  const TableOutcome outcome = scene.compare();
  CHECK(outcome.drift.count() == 3000);
  CHECK(outcome.failures.empty());
}

TEST_CASE("The budget ends a run, and the next goes on") {
  Scene scene(5000, Scene::strangers);
  scene.servers[1]->rows[4900] = "x";
  scene.settings.chunk_time = 0.02;
  scene.servers[0]->before = [](const std::string& sql) {
    if (sql.find(" AS ordered") != std::string::npos)
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
  };
  scene.budget = 0.1;
  TableOutcome outcome = scene.compare();
  CHECK_FALSE(outcome.finished);
  REQUIRE(scene.kept.position);
  CHECK(outcome.coverage.covered() < 1);
  CHECK(outcome.drift.count() == 0);
  scene.budget = 30;
  outcome = scene.compare(scene.kept);
  CHECK(outcome.finished);
  CHECK(outcome.coverage.covered() == 1);
  CHECK(keys_of(outcome) == std::vector<std::int64_t>{4900});
  CHECK(outcome.rows_compared < 5000);
}

TEST_CASE("A known drift is read again first") {
  const auto known = [] {
    TableMemory memory;
    memory.drift = {{{"7"}, {{1, RowKind::changed}}}};
    return memory;
  };
  struct Case {
    const char* what;
    const char* on_replica;
    double budget;
    std::uint64_t drifted;
  };
  const std::vector<Case> cases{
      {"healed", "v7", 30, 0},
      {"still there", "x", 30, 1},
      {"healed, and no time to look", "v7", 0, 1},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Scene scene(50, Scene::strangers);
    scene.servers[1]->rows[7] = c.on_replica;
    scene.budget = c.budget;
    CHECK(scene.compare(known()).drift.count() == c.drifted);
    CHECK(scene.kept.drift.size() == c.drifted);
  }
}

TEST_CASE("More rows than are named are counted all the same") {
  Scene scene(25000, Scene::strangers);
  for (auto& [key, value] : scene.servers[1]->rows) value = "x";
  const TableOutcome outcome = scene.compare();
  CHECK(outcome.drift.count() == 25000);
  CHECK(outcome.drift.rows().size() == Drift::max_named);
  CHECK(outcome.drift.unnamed() == 25000 - Drift::max_named);
  CHECK(outcome.moving.count == 0);
}

TEST_CASE("A stranger's row is held from the query that found it") {
  Scene scene(3000, Scene::strangers);
  scene.servers[1]->rows[7] = "x";
  scene.settings.confirm = 0.6;
  // Changed after it was found, at the second reading: held from then on.
  int readings = 0;
  std::chrono::steady_clock::time_point changed;
  const auto server = scene.servers[1];
  server->before = [&](const std::string& sql) {
    if (!reads_rows(sql) || ++readings != 2) return;
    const std::lock_guard lock(server->mutex);
    server->rows[7] = "y";
    changed = std::chrono::steady_clock::now();
  };
  CHECK(scene.compare().drift.count() == 1);
  CHECK(std::chrono::steady_clock::now() - changed >= std::chrono::milliseconds(600));
}

TEST_CASE("A block that its row does not explain is read in whole") {
  Scene scene(900, Scene::strangers);
  Rows& rows = scene.servers[1]->rows;
  rows[7] = "x";
  // Between the sums and the row, another one of the block takes its place.
  bool moved = false;
  scene.servers[1]->before = [&](const std::string& sql) {
    if (!reads_rows(sql) || std::exchange(moved, true)) return;
    const std::lock_guard lock(scene.servers[1]->mutex);
    rows[7] = "v7";
    rows[9] = "x";
  };
  CHECK(keys_of(scene.compare()) == std::vector<std::int64_t>{9});
}

TEST_CASE("Checksums that differ without a row that explains it are never equal") {
  using Server = fakes::TableServer;
  struct Case {
    const char* what;
    std::int64_t rows;
    std::function<void(Server&)> lies;
  };
  // Where a row explains what the blocks show, the sum of the range is not asked for again.
  const std::string only_alone = "in the sums of ranges, not in those of blocks";
  // The server counts `ghosts` as rows wherever it is asked for sums, and shows them to nobody who asks for
  // rows.
  const std::vector<Case> cases{
      {"few rows, read whole", 300, [](Server& server) { server.ghosts[7] = "x"; }},
      {"blocks", 3000, [](Server& server) { server.ghosts[1700] = "x"; }},
      {"many in one block", 3000,
       [](Server& server) {
         server.ghosts = {{64, "x"}, {65, "y"}, {66, "z"}};
       }},
      {"all over the table", 3000,
       [](Server& server) {
         for (std::int64_t key = 0; key < 3000; key += 100) server.ghosts[key] = "x";
       }},
      {"in the sums of ranges, not in those of blocks", 3000,
       [](Server& server) {
         server.ghosts[1700] = "x";
         server.ghosts_in_blocks = false;
       }},
  };
  for (const Case& c : cases)
    for (const bool alone : {true, false}) {
      if (!alone && c.what == only_alone) continue;
      INFO(c.what << (alone ? "" : ", beside a row that does differ"));
      Scene scene(c.rows, Scene::strangers);
      c.lies(*scene.servers[1]);
      if (!alone) scene.servers[1]->rows[c.rows - 1] = "drifted";
      const TableOutcome outcome = scene.compare();
      CHECK(outcome.drift.count() == (alone ? 0 : 1));
      CHECK_FALSE(outcome.unexplained.empty());
      CHECK_FALSE(scene.kept.doubtful.empty());
      // The next run says so, too; and no longer once it has healed.
      CHECK_FALSE(scene.compare(scene.kept).unexplained.empty());
      scene.servers[1]->ghosts.clear();
      CHECK(scene.compare(scene.kept).unexplained.empty());
      CHECK(scene.kept.doubtful.empty());
    }
}

TEST_CASE("A row in flight leaves no doubt") {
  for (const std::int64_t rows : {300, 3000}) {
    Scene scene(rows);
    scene.servers[0]->rows[7] = "new";
    const auto arrives = [&](const std::string& sql) {
      // Between the sums and the rows, and at the latest when it is waited for.
      if (!reads_rows(sql) && !waits(sql)) return;
      const std::lock_guard lock(scene.servers[1]->mutex);
      scene.servers[1]->rows[7] = "new";
    };
    scene.servers[1]->before = arrives;
    const TableOutcome outcome = scene.compare();
    CHECK(outcome.drift.count() == 0);
    CHECK(outcome.unexplained.empty());
    CHECK(outcome.doubtful.empty());
    CHECK(outcome.remarks.empty());
    CHECK(scene.kept.coverage.covered() == 1);
  }
}

TEST_CASE("An answer that cannot be is a protocol error") {
  struct Case {
    const char* what;
    std::string statement;
    std::function<void(fakes::TableServer::Rows&)> spoils;
  };
  const auto twice = [](auto& answer) { answer.rows.push_back(answer.rows.front()); };
  const auto too_wide = [](auto& answer) { answer.rows.front().emplace_back("1"); };
  const auto outside = [](auto& answer) { answer.rows.front()[0] = "-4000000"; };
  const std::vector<Case> cases{
      {"a block twice", " AS block", twice},
      {"a block with a column too many", " AS block", too_wide},
      {"a sum twice", " AS ordered", twice},
      {"a sum with a column too many", " AS ordered", too_wide},
      {"no sum over some rows", " AS ordered", [](auto& answer) { answer.rows.front()[1].reset(); }},
      {"a row twice", " AS h FROM", twice},
      {"a row with a column too many", " AS h FROM", too_wide},
      {"a row that was not asked for", " AS h FROM", outside},
      {"a row whose hash is none", " AS h FROM", [](auto& answer) { answer.rows.front()[1] = "x"; }},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Scene scene(3000, Scene::strangers);
    scene.servers[1]->rows[1700] = "x";
    scene.servers[1]->after = [&](const std::string& sql, fakes::TableServer::Rows& answer) {
      if (sql.find(c.statement) != std::string::npos && !answer.rows.empty()) c.spoils(answer);
    };
    const TableOutcome outcome = scene.compare();
    REQUIRE(outcome.failures.contains(1));
    CHECK(outcome.failures.at(1).fault == Fault::protocol);
    CHECK(outcome.drift.count() == 0);
  }
}

TEST_CASE("What time did not allow to be certain of is kept, and comes first until it is") {
  Scene scene(50);
  scene.servers[1]->rows[7] = "x";
  scene.time = 2;
  scene.budget = 0.5;  // begun late, by its settings
  scene.settings.budget = 40;
  const auto slow = std::make_shared<std::atomic<bool>>(true);
  scene.servers[1]->before = [slow](const std::string& sql) {
    if (*slow && waits(sql)) std::this_thread::sleep_for(std::chrono::seconds(1));
  };
  TableOutcome outcome = scene.compare();
  CHECK(outcome.undecided.count == 1);
  CHECK_FALSE(outcome.undecided_early);
  CHECK_FALSE(outcome.undecided_again);
  CHECK(scene.kept.undecided == std::vector<KeyTuple>{{"7"}});
  CHECK(scene.kept.owes_an_answer());
  // From the second run on it is told; also where there was no time to look.
  for (const double budget : {0.5, 0.0}) {
    scene.budget = budget;
    outcome = scene.compare(scene.kept);
    CHECK(outcome.undecided_again);
    CHECK(outcome.undecided.count == 1);
  }
  CHECK(remembered(nullptr, scene.kept).undecided_again);
  *slow = false;
  scene.time = 60;
  scene.budget = 30;
  std::string first;
  scene.servers[0]->before = [&](const std::string& sql) {
    if (first.empty() && sql.find(" FROM `shop`") != std::string::npos) first = sql;
  };
  outcome = scene.compare(scene.kept);
  CHECK(first.find("IN (7)") != std::string::npos);
  CHECK(keys_of(outcome) == std::vector<std::int64_t>{7});
  CHECK(outcome.undecided.count == 0);
  CHECK_FALSE(scene.kept.owes_an_answer());
}

TEST_CASE("A table that has drifted all over is counted along the pass, never past the truth") {
  constexpr std::uint64_t truth = 24000;
  Scene scene(truth, Scene::strangers);
  scene.settings.confirm = 0.05;
  for (auto& [key, value] : scene.servers[1]->rows) value = "x";
  scene.budget = 0.6;
  scene.time = 3;
  double covered = 0;
  TableMemory memory;
  int left = 60;
  for (int passes = 0, runs = 0; passes < 2 && left > 0; ++runs, --left) {
    INFO(runs << " runs");
    // Every fourth is killed: of it there is what it had kept by then.
    const TableMemory before = memory;
    const TableOutcome outcome = scene.compare(memory);
    memory = scene.kept;
    if (runs % 4 == 3 && passes == 0) memory = before;
    CHECK(outcome.drift.count() <= truth);
    CHECK(outcome.unexplained.empty());
    if (outcome.finished) {
      // Of the next pass a few runs will do.
      left = ++passes == 1 ? 4 : 1;
      CHECK(outcome.drift.count() == truth);
      CHECK_FALSE(outcome.at_least);
    } else if (passes == 0 && outcome.coverage.covered() <= covered) {
      // The machine is slower than that: no run needs ever more time.
      scene.budget *= 2;
      scene.time *= 2;
      REQUIRE(scene.budget < 20);
    } else if (passes == 0) {
      CHECK((outcome.at_least || outcome.drift.unnamed() == 0));
    } else {
      CHECK(outcome.drift.count() >= Drift::max_named);
    }
    if (runs % 4 != 3 && passes == 0) covered = outcome.coverage.covered();
    CHECK((passes > 0 || left > 1));
  }
}

TEST_CASE("Rows that lie between two keys of the reference are counted, however many") {
  Scene scene(50, Scene::strangers);
  scene.settings.confirm = 0.05;
  for (std::int64_t key = 1000; key < 26000; ++key) scene.servers[1]->rows[key] = "x";
  const TableOutcome outcome = scene.compare();
  CHECK(outcome.drift.count() == 25000);
  CHECK(outcome.finished);
}
