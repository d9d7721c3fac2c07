#include "evenkeel/report.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace evenkeel;

namespace {

Limits lag_limits() {
  return Limits({{.name = "lag", .unit = "s", .default_warning = "300", .default_critical = "600"},
                 {.name = "memory_used", .unit = "%", .default_warning = "90"}});
}

}  // namespace

TEST_CASE("the worst finding decides, and none is unknown") {
  const std::vector<std::pair<std::vector<Status>, Status>> table{
      {{}, Status::unknown},
      {{Status::ok}, Status::ok},
      {{Status::ok, Status::warning}, Status::warning},
      {{Status::unknown, Status::warning}, Status::unknown},
      {{Status::unknown, Status::critical, Status::ok}, Status::critical},
  };
  for (const auto& [statuses, worst] : table) {
    Report report;
    for (const Status status : statuses) report.add(status, "", "x");
    CHECK(report.status() == worst);
  }
}

TEST_CASE("findings stand worst first, and in their order within a state") {
  Report report;
  report.add(Status::ok, "a", "");
  report.add(Status::warning, "b", "");
  report.add(Status::critical, "c", "");
  report.add(Status::warning, "d", "");
  report.add(Status::unknown, "e", "");
  report.add(Status::critical, "f", "");
  std::string order;
  for (const Finding& finding : report.sorted_findings()) order += finding.target;
  CHECK(order == "cfebda");

  Report many;
  for (int i = 0; i < 100; ++i) many.add(i % 2 ? Status::ok : Status::critical, std::to_string(i), "");
  const std::vector<Finding> sorted = many.sorted_findings();
  for (std::size_t i = 0; i < 50; ++i) CHECK(sorted[i].target == std::to_string(2 * i));
}

TEST_CASE("a measured value is judged in words") {
  struct Row {
    Metric metric;
    Status status;
    const char* text;
  };
  const std::vector<Row> table{
      {{.name = "lag", .target = "db1", .value = 3, .unit = "s"}, Status::ok, ""},
      {{.name = "lag", .target = "db1", .value = 400, .unit = "s"},
       Status::warning,
       "lag 400 s (6 min 40 s) (warning: above 300)"},
      {{.name = "lag", .target = "db1", .part = "east", .value = 700, .unit = "s"},
       Status::critical,
       "east: lag 700 s (11 min 40 s) (critical: above 600)"},
      {{.name = "memory_used", .value = 95.5, .unit = "%"},
       Status::warning,
       "memory_used 95.5 % (warning: above 90)"},
  };
  for (const Row& row : table) {
    Report report;
    CHECK(report.measure(row.metric, lag_limits()) == row.status);
    REQUIRE(report.findings().size() == (row.status == Status::ok ? 0 : 1));
    if (row.status != Status::ok) {
      CHECK(report.findings()[0].text == row.text);
      CHECK(report.findings()[0].status == row.status);
    }
  }
}

TEST_CASE("no value, and a value that is no number, are never judged and never 0") {
  for (const std::optional<double> value :
       {std::optional<double>(), std::optional<double>(NAN), std::optional<double>(INFINITY)}) {
    Report report;
    CHECK(report.measure({.name = "lag", .value = value}, lag_limits()) == Status::ok);
    CHECK(report.findings().empty());
    REQUIRE(report.metrics().size() == 1);
    CHECK_FALSE(report.metrics()[0].metric.value);
  }
}

TEST_CASE("a threshold that matches nothing is no silent miss") {
  struct Row {
    const char* threshold;
    const char* complaint;
  };
  const std::vector<Row> table{
      {"lag@db1=5", ""},
      {"lag@db1/east=5", ""},
      {"lag@db9=5", "lag@db9 matches nothing"},
      {"lag@db1/west=5", "lag@db1/west matches nothing"},
      {"memory_used@db1=5", "memory_used@db1 matches nothing"},
      {"lag@dead=5", ""},
      {"lag@dead/east=5", ""},
      {"lag@half=5", "lag@half matches nothing"},
  };
  for (const Row& row : table) {
    INFO(row.threshold);
    Limits limits = lag_limits();
    limits.apply(Limits::Level::warning, "-w", {row.threshold});
    Report report;
    report.measure({.name = "lag", .target = "db1", .part = "east", .value = 1}, limits);
    report.add(Status::ok, "db1", "fine");
    report.add(Status::critical, "dead", "refused");
    // This one answered, badly: what it has not measured is not excused.
    report.add(Status::critical, "half", "broken");
    report.measure({.name = "memory_used", .target = "half", .value = 1}, limits);
    report.complain_of_unmatched(limits);
    REQUIRE(report.findings().size() == (*row.complaint ? 4 : 3));
    if (*row.complaint) {
      CHECK(report.findings().back().status == Status::unknown);
      CHECK_THAT(report.findings().back().text, Catch::Contains(row.complaint));
    }
  }
}

TEST_CASE("an outcome is a reading, or a finding; its steps are the trace either way") {
  Report report;
  Outcome<int> good{7, {}, {{"connecting to db1:3306", 0.0125}}};
  Outcome<int> bad{{}, Error(Fault::timeout, "timed out: connecting to db2:3306"), {}};
  REQUIRE(report.reading_of("db1", good, Status::warning));
  CHECK(*report.reading_of("db1", good, Status::warning) == 7);
  CHECK(report.findings().empty());
  CHECK(report.reading_of("db2", bad, Status::warning) == nullptr);
  REQUIRE(report.findings().size() == 1);
  CHECK(report.findings()[0].status == Status::warning);
  CHECK(report.findings()[0].target == "db2");
  CHECK(report.trace_lines().at(0).text == "connecting to db1:3306: 12.5 ms");
}
