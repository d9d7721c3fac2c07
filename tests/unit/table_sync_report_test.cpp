// From what a run found to a verdict.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "digest_report.h"
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

const std::vector<const char*> all_labels{"rows_differing", "tables_differing", "rows_unconfirmed",
                                          "rows_compared",  "coverage",         "oldest_verified"};

Limits limits_of(const std::vector<std::string>& critical) {
  Limits limits(description().labels);
  limits.apply(Limits::Level::critical, "-c", critical);
  return limits;
}

// As an earlier run left it, of which this one has read nothing.
void make_idle(SyncReading& reading, double seconds_ago) {
  TableOutcome& outcome = reading.tables.front().outcome;
  outcome.compared = false;
  outcome.rows_compared = 0;
  outcome.coverage.add(0, 1, unix_now() - seconds_ago);
  outcome.remarks.emplace_back("paused for 1 s, last because db1 ran 5 threads (--max-running 2)");
  reading.budget_over = true;
}

// Two tables, of which shop.big was compared so far.
SyncReading reading_with_big(double covered) {
  SyncReading reading = quiet_reading();
  reading.tables.front().outcome.coverage.add(0, 1, unix_now());
  TableReading& big = reading.tables.emplace_back();
  big.table = {"shop", "big"};
  big.outcome.coverage.add(0, covered, unix_now());
  return reading;
}

bool tells(const Report& report, const std::string& text) {
  const auto& findings = report.findings();
  return std::any_of(findings.begin(), findings.end(),
                     [&](const Finding& finding) { return finding.text.find(text) != std::string::npos; });
}

Report report_of(const SyncReading& reading, const std::string& where = {},
                 const std::vector<std::string>& critical = {}) {
  const Limits limits = limits_of(critical);
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

TEST_CASE("A run that compared nothing does not read as a success") {
  struct Case {
    const char* what;
    double age;
    Status status;
  };
  for (const Case& c : {Case{"a minute ago", 60, Status::ok}, Case{"almost a day ago", 86000, Status::ok},
                        Case{"a day ago", 86500, Status::unknown}, Case{"long ago", 1e7, Status::unknown}}) {
    INFO(c.what);
    SyncReading reading = quiet_reading();
    make_idle(reading, c.age);
    const Report report = report_of(reading);
    CHECK(report.status() == c.status);
    CHECK(tells(report, "this run compared nothing"));
    CHECK_FALSE(tells(report, "no difference"));
    CHECK_FALSE(tells(report, "0 rows"));
    CHECK_THAT(report.ok_summary(), Catch::Contains("this run compared nothing"));
    CHECK_THAT(report.ok_summary(), !Catch::Contains("no difference") && !Catch::Contains("0 rows"));
  }
}

TEST_CASE("The word of an earlier run is as old as its newest part, of whichever table") {
  SyncReading reading = quiet_reading();
  make_idle(reading, 2 * 86400.0);
  CHECK(report_of(reading).status() == Status::unknown);
  reading.tables.front().outcome.coverage.add(0.5, 0.6, unix_now() - 3600);
  CHECK(report_of(reading).status() == Status::ok);

  SyncReading two = quiet_reading();
  make_idle(two, 2 * 86400.0);
  TableReading& other = two.tables.emplace_back();
  other.table = {"shop", "other"};
  other.outcome.coverage.add(0, 1, unix_now() - 3600);
  CHECK(report_of(two).status() == Status::ok);
  other.gone = true;
  CHECK(report_of(two).status() == Status::unknown);
}

TEST_CASE("A run that compared nothing still tells what is known, and is no second word to a failure") {
  SyncReading drifted = quiet_reading();
  make_idle(drifted, 2 * 86400.0);
  drifted.tables.front().outcome.whole_differs = true;
  CHECK(report_of(drifted).status() == Status::critical);
  CHECK_FALSE(tells(report_of(drifted), "compared nothing"));
  // Within thresholds, it is the age that counts.
  CHECK(report_of(drifted, "", {"tables_differing=5"}).status() == Status::unknown);

  SyncReading lost = quiet_reading();
  make_idle(lost, 2 * 86400.0);
  lost.servers[1].failure = Failure{Fault::timeout, 0, "no answer"};
  CHECK(report_of(lost).findings().size() == 1);
}

TEST_CASE("Rows that nobody looked at are not covered by a warning of their definition") {
  SyncReading reading = quiet_reading();
  TableReading& table = reading.tables.front();
  table.outcome.compared = false;
  table.definition.differences.push_back({1, "column v: int instead of bigint"});
  CHECK(report_of(reading).status() == Status::unknown);
  CHECK_FALSE(tells(report_of(reading), "--ignore-column"));
  make_idle(reading, 60);
  CHECK(report_of(reading).status() == Status::warning);
  make_idle(reading, 2 * 86400.0);
  CHECK(report_of(reading).status() == Status::unknown);
}

TEST_CASE("A run says how many of the tables it has compared") {
  CHECK(tells(report_of(quiet_reading()), "1 table, 10 rows compared"));
  CHECK(tells(report_of(reading_with_big(0)), "1 of 2 tables, 10 rows compared"));
}

TEST_CASE("A threshold for a label without a value is UNKNOWN and names the label") {
  for (const std::string label : all_labels) {
    INFO(label);
    const std::string wide = label + "=0:1e12";
    SyncReading nothing = quiet_reading();
    nothing.tables.front().outcome.compared = false;
    nothing.budget_over = true;
    const Report unknown = report_of(nothing, "", {wide});
    CHECK(unknown.status() == Status::unknown);
    CHECK(tells(unknown, "no value for " + label + ": "));

    SyncReading idle = quiet_reading();
    make_idle(idle, 60);
    CHECK(report_of(idle).status() == Status::ok);
    const Report report = report_of(idle, "", {wide});
    const bool missing = label == "rows_compared";
    CHECK(report.status() == (missing ? Status::unknown : Status::ok));
    CHECK(tells(report, "no value for " + label) == missing);

    SyncReading whole = quiet_reading();
    whole.tables.front().outcome.coverage.add(0, 1, unix_now());
    CHECK(report_of(whole, "", {wide}).status() == Status::ok);
  }
  // A default is no question of the user's, and a server that failed is the reason for all that is missing.
  SyncReading lost = quiet_reading();
  lost.tables.front().outcome.compared = false;
  lost.servers[1].failure = Failure{Fault::timeout, 0, "no answer"};
  CHECK(report_of(lost, "", {"rows_compared=1:"}).findings().size() == 1);
}

TEST_CASE("oldest_verified does not pass over what was never verified") {
  for (const double covered : {0.0, 0.4, 0.9999}) {
    INFO(covered);
    const SyncReading reading = reading_with_big(covered);
    CHECK(report_of(reading).status() == Status::ok);
    CHECK(report_of(reading, "", {"coverage=1:"}).status() == Status::ok);
    const Report report = report_of(reading, "", {"oldest_verified=86400"});
    CHECK(report.status() == Status::unknown);
    CHECK(tells(report, "shop.big"));
    CHECK_FALSE(tells(report, "shop.quiet"));
    CHECK_FALSE(tells(report, "100 %"));
  }
  CHECK(report_of(reading_with_big(1), "", {"oldest_verified=86400"}).status() == Status::ok);
  SyncReading gone = reading_with_big(0);
  gone.tables.back().gone = true;
  CHECK(report_of(gone, "", {"oldest_verified=86400"}).status() == Status::ok);
}

TEST_CASE("A digest compares nothing, whatever thresholds there are") {
  HostReading host;
  host.server.name = "db1";
  const StateStore state = StateStore::disabled();
  for (const bool digested : {true, false}) {
    host.tables.clear();
    if (digested) {
      HostReading::Table& table = host.tables.emplace_back();
      table.table = {"shop", "t"};
      table.digest = HostDigest{};
      table.digest->rows = 10;
    }
    for (const std::string label : all_labels) {
      CAPTURE(digested, label);
      const Limits limits = limits_of({label + "=0:1e12"});
      const RunContext context{Deadline::after(std::chrono::seconds(5)), limits, state, Status::critical, 0};
      const Report report = digest_report({host}, context);
      const bool judged = digested && label == "rows_compared";
      CHECK(report.status() == (judged ? Status::ok : Status::unknown));
      CHECK(tells(report, "no value for " + label) != judged);
    }
  }
}
