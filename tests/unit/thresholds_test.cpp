#include "evenkeel/thresholds.h"

#include <catch2/catch.hpp>

#include "evenkeel/error.h"

using namespace evenkeel;
using Level = Limits::Level;

namespace {

Limits some_limits() {
  return Limits({{.name = "lag", .unit = "s", .default_warning = "300", .default_critical = "600"},
                 {.name = "channels"}});
}

std::string warning_of(const Limits& limits, const char* name, const char* target = "",
                       const char* part = "") {
  const Thresholds thresholds = limits.of(name, target, part);
  return thresholds.warning ? thresholds.warning->str() : "";
}

}  // namespace

TEST_CASE("critical is asked first, and what is unset never alerts") {
  struct Row {
    const char* warning;
    const char* critical;
    double value;
    Status status;
  };
  const std::vector<Row> table{
      {"5", "10", 3, Status::ok},       {"5", "10", 7, Status::warning}, {"5", "10", 11, Status::critical},
      {"", "10", 7, Status::ok},        {"5", "", 11, Status::warning},  {"", "", 1e9, Status::ok},
      {"10", "5", 7, Status::critical},
  };
  for (const Row& row : table) {
    Thresholds thresholds;
    if (*row.warning) thresholds.warning = Range::parse(row.warning);
    if (*row.critical) thresholds.critical = Range::parse(row.critical);
    CHECK(thresholds.judge(row.value) == row.status);
    CHECK((thresholds.breached_by(row.value) != nullptr) == (row.status != Status::ok));
  }
}

TEST_CASE("the nearest threshold wins, each level by itself") {
  Limits limits = some_limits();
  limits.apply(Level::warning, "--warning", {"10", "lag@db2=20", "lag@db2/east=30", "channels=2:"});
  CHECK(warning_of(limits, "lag") == "10");
  CHECK(warning_of(limits, "lag", "db1") == "10");
  CHECK(warning_of(limits, "lag", "db1", "east") == "10");
  CHECK(warning_of(limits, "lag", "db2") == "20");
  CHECK(warning_of(limits, "lag", "db2", "west") == "20");
  CHECK(warning_of(limits, "lag", "db2", "east") == "30");
  CHECK(warning_of(limits, "channels") == "2:");
  CHECK(limits.of("lag", "db2", "east").critical->str() == "600");
}

TEST_CASE("a later layer replaces label by label") {
  Limits limits = some_limits();
  limits.apply(Level::warning, "--warning", {"10", "channels=2:"});
  limits.apply(Level::warning, "--warning", {"lag=40"});
  CHECK(warning_of(limits, "lag") == "40");
  CHECK(warning_of(limits, "channels") == "2:");
  CHECK(limits.given("channels"));
  CHECK_FALSE(some_limits().given("lag"));
}

TEST_CASE("wrong thresholds name the option and what is wrong") {
  const std::vector<std::pair<std::vector<std::string>, const char*>> table{
      {{"foo=1"}, "--warning \"foo=1\": unknown label \"foo\"; the labels are lag, channels"},
      {{"lag=x"}, "--warning lag: \"x\" is not a range: the end \"x\" is not a number"},
      {{"x"}, "--warning: \"x\" is not a range"},
      {{"1", "2"}, "--warning: given twice for lag"},
      {{"1", "lag=2"}, "--warning: given twice for lag"},
      {{"lag="}, "it is empty"},
      {{"=5"}, "unknown label \"\""},
      {{"lag@=5"}, "no instance after the @"},
      {{""}, "it is empty"},
  };
  for (const auto& [texts, why] : table) {
    Limits limits = some_limits();
    CHECK_THROWS_WITH(limits.apply(Level::warning, "--warning", texts), Catch::Contains(why));
  }
}

TEST_CASE("a channel's name may hold an equals sign") {
  Limits limits = some_limits();
  limits.apply(Level::warning, "--warning", {"lag@db2/a=b=7"});
  CHECK(warning_of(limits, "lag", "db2", "a=b") == "7");
}

TEST_CASE("a threshold may name an instance as it is, or as its label is printed") {
  for (const char* text : {"lag@[::1]:3306/a=b=7", "lag@[..1]:3306/a_b=7"}) {
    INFO(text);
    Limits limits = some_limits();
    limits.apply(Level::warning, "--warning", {text});
    CHECK(warning_of(limits, "lag", "[::1]:3306", "a=b") == "7");
    CHECK(warning_of(limits, "lag", "[::1]:3306", "c") == "300");
  }
}
