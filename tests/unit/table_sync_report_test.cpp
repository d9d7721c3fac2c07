// From what a run found to a verdict.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "evenkeel/check.h"
#include "evenkeel/report.h"
#include "sync_options.h"
#include "sync_report.h"

using namespace evenkeel;
using namespace evenkeel::table_sync;

namespace {

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Two servers, and shop.quiet, in which nothing differs.
SyncReading quiet_reading() {
  SyncReading reading;
  for (const char* name : {"db1", "db2"}) reading.servers.emplace_back().name = name;
  TableReading& quiet = reading.tables.emplace_back();
  quiet.table = {"shop", "quiet"};
  quiet.outcome.visited = quiet.outcome.compared = true;
  quiet.outcome.rows_compared = 10;
  return reading;
}

Report report_of(const SyncReading& reading, const std::string& where = {}) {
  const Limits limits(description().labels);
  const StateStore state = StateStore::disabled();
  const RunContext context{Deadline::after(std::chrono::seconds(5)), limits, state, Status::critical, 0};
  Settings settings;
  settings.where = where;
  return sync_report(reading, settings, context);
}

}  // namespace

TEST_CASE("A table that is never the same when it is looked at") {
  struct Case {
    const char* what;
    bool restless, compared;
    double age;  // of what an earlier run knows; negative: nothing
    Status status;
  };
  const std::vector<Case> cases{
      {"never compared", true, false, -1, Status::unknown},
      {"compared an hour ago", true, false, 3600, Status::ok},
      {"compared two days ago", true, false, 2 * 86400.0, Status::unknown},
      {"compared by this run after all", true, true, -1, Status::ok},
      {"out of time, not restless", false, false, -1, Status::ok},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    SyncReading reading = quiet_reading();
    TableReading& table = reading.tables.emplace_back();
    table.table = {"shop", "restless"};
    table.restless = c.restless;
    table.outcome.compared = c.compared;
    if (c.age >= 0) table.verified = unix_now() - c.age;
    const Report report = report_of(reading);
    CHECK(report.status() == c.status);
    const bool named = report.findings().front().text.find("shop.restless") != std::string::npos;
    CHECK(named == (c.status == Status::unknown));
  }
}

TEST_CASE("What differs, is missing or was not looked at is never OK") {
  const SyncReading quiet = quiet_reading();
  CHECK(report_of(quiet).status() == Status::ok);

  SyncReading nothing = quiet;
  nothing.tables.front().outcome.compared = false;
  CHECK(report_of(nothing).status() == Status::unknown);

  SyncReading missing = quiet;
  missing.tables.front().definition.missing_on = {1};
  CHECK(report_of(missing).status() == Status::critical);

  SyncReading whole = quiet;
  whole.tables.front().outcome.whole_differs = true;
  CHECK(report_of(whole).status() == Status::critical);

  SyncReading denied = quiet;
  denied.tables.front().denied[1] = "GRANT SELECT";
  CHECK(report_of(denied).status() == Status::unknown);

  SyncReading behind = quiet;
  behind.servers[1].not_applying = "is behind";
  CHECK(report_of(behind).status() == Status::unknown);

  // An error of an expression, of a statement that was not about rows: there is no plan, and no condition.
  SyncReading odd = quiet;
  odd.tables.front().outcome.failures[1] = Failure{Fault::protocol, 1305, "no function"};
  CHECK(report_of(odd, "f(id)").status() == Status::unknown);

  SyncReading lost = quiet;
  lost.servers[1].failure = Failure{Fault::timeout, 0, "no answer"};
  CHECK(report_of(lost).status() == Status::critical);
}
