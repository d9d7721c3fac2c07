#include "evenkeel/render.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace evenkeel;

namespace {

const Limits limits({{.name = "lag", .unit = "s", .default_warning = "300", .default_critical = "600"},
                     {.name = "channels"},
                     {.name = "ratio", .default_warning = "0.5:", .default_critical = "@~:0.1"}});

Report one_target() {
  Report report;
  report.add(Status::ok, "db1", "replicating from db0:3306");
  report.measure({.name = "lag", .target = "db1", .value = 0.25, .unit = "s", .min = 0}, limits);
  report.measure({.name = "channels", .target = "db1", .value = 1}, limits);
  return report;
}

Report three_targets() {
  Report report;
  report.set_target_count(3);
  report.add(Status::ok, "db1", "replicating");
  report.add(Status::warning, "db2", "read_only=OFF");
  report.add(Status::critical, "db3", "SQL thread stopped");
  for (const char* target : {"db1", "db2"})
    report.measure({.name = "lag", .target = target, .value = 1, .unit = "s"}, limits);
  report.measure({.name = "channels", .value = 2}, limits);
  return report;
}

std::string text(const Report& report, RenderStyle style = {}) {
  return render_text("check_mysql_replication", report, style);
}

}  // namespace

TEST_CASE("one target: one line") {
  CHECK(text(one_target()) ==
        "MYSQL_REPLICATION OK - db1: replicating from db0:3306 | lag=0.25s;300;600;0 channels=1\n");
}

TEST_CASE("several targets: worst first, a line for each, totals before instances") {
  CHECK(text(three_targets()) ==
        "MYSQL_REPLICATION CRITICAL - db3: SQL thread stopped; db2: read_only=OFF"
        " | channels=2 'lag@db1'=1s;300;600 'lag@db2'=1s;300;600\n"
        "[CRITICAL] db3: SQL thread stopped\n"
        "[WARNING] db2: read_only=OFF\n"
        "[OK] db1: replicating\n");
}

TEST_CASE("an OK summary speaks for all targets") {
  Report report = one_target();
  report.summarise_ok("3 replicas replicate");
  CHECK_THAT(text(report), Catch::StartsWith("MYSQL_REPLICATION OK - 3 replicas replicate | "));
}

TEST_CASE("a remark ends the summary in any state") {
  Report report = one_target();
  report.remark("could not keep state in /x: Read-only file system");
  CHECK_THAT(text(report), Catch::Contains("db0:3306; could not keep state in /x: Read-only file system | "));
  CHECK_THAT(text(report), Catch::StartsWith("MYSQL_REPLICATION OK"));
}

TEST_CASE("nothing found is unknown") {
  CHECK(text(Report()) == "MYSQL_REPLICATION UNKNOWN - nothing was checked\n");
}

TEST_CASE("verbosity adds lines") {
  Report report = one_target();
  report.fact("read_only", "ON");
  report.trace("db1", "SHOW REPLICA STATUS: 0.4 ms");
  const auto lines = [&](int verbosity) {
    const std::string all = text(report, {.verbosity = verbosity});
    return all.substr(all.find('\n') + 1);
  };
  CHECK(lines(0).empty());
  CHECK(lines(1) == "[OK] db1: replicating from db0:3306\nread_only: ON\n");
  CHECK(lines(2) == lines(1) + "lag: 0.25s, warning 300, critical 600\nchannels: 1\n");
  CHECK(lines(3) == lines(2) + "db1: SHOW REPLICA STATUS: 0.4 ms\n");
}

TEST_CASE("a label is quoted where it holds more than letters, digits, _ . and -") {
  struct Row {
    const char* target;
    const char* part;
    const char* label;
  };
  const std::vector<Row> table{
      {"db1", "", "'lag@db1'"},
      {"127.0.0.1:3307", "", "'lag@127.0.0.1:3307'"},
      {"[::1]:3306", "", "'lag@[..1]:3306'"},
      {"it's", "", "'lag@it''s'"},
      {"a=b", "", "'lag@a_b'"},
      {"a|b\nc", "", "'lag@a/b c'"},
      {"a::::b", "", "'lag@a....b'"},
  };
  for (const Row& row : table) {
    Report report;
    report.set_target_count(2);
    report.add(Status::ok, row.target, "fine");
    report.measure({.name = "lag", .target = row.target, .part = row.part, .value = 1, .unit = "s"}, limits);
    CHECK_THAT(text(report), Catch::Contains(std::string(" | ") + row.label + "=1s;300;600\n"));
  }
}

TEST_CASE("instances appear where there are several, or always") {
  struct Row {
    std::size_t targets;
    std::vector<const char*> parts;
    InstanceLabels mode;
    std::vector<const char*> labels;
  };
  const auto automatic = InstanceLabels::automatic;
  const auto always = InstanceLabels::always;
  const std::vector<Row> table{
      {1, {""}, automatic, {"lag"}},
      {1, {""}, always, {"lag@db2"}},
      {1, {"east"}, automatic, {"lag"}},
      {1, {"east"}, always, {"lag@db2/east"}},
      {1, {"east", "west"}, automatic, {"lag@db2/east", "lag@db2/west"}},
      {2, {""}, automatic, {"lag@db2"}},
      {2, {"east"}, automatic, {"lag@db2"}},
      {2, {"east", "west"}, automatic, {"lag@db2/east", "lag@db2/west"}},
  };
  for (const Row& row : table) {
    Report report;
    report.set_target_count(row.targets);
    for (const char* part : row.parts)
      report.measure({.name = "lag", .target = "db2", .part = part, .value = 1}, limits);
    const Labels labels(report, row.mode);
    for (std::size_t i = 0; i < row.parts.size(); ++i)
      CHECK(labels.of(report.metrics()[i].metric) == row.labels[i]);
  }
}

TEST_CASE("thresholds in performance data") {
  const std::vector<std::pair<PerfdataThresholds, const char*>> table{
      {PerfdataThresholds::range, "lag=1s;300;600 ratio=0.7;0.5:;@~:0.1\n"},
      {PerfdataThresholds::plain, "lag=1s;300;600 ratio=0.7\n"},
      {PerfdataThresholds::none, "lag=1s ratio=0.7\n"},
  };
  for (const auto& [mode, perfdata] : table) {
    Report report;
    report.measure({.name = "lag", .value = 1, .unit = "s"}, limits);
    report.measure({.name = "ratio", .value = 0.7}, limits);
    report.add(Status::ok, "", "fine");
    CHECK_THAT(text(report, {.perfdata_thresholds = mode}), Catch::EndsWith(std::string(" | ") + perfdata));
  }
}

TEST_CASE("no text from outside adds a line, an item or an escape sequence") {
  Report report;
  report.set_target_count(2);
  report.add(Status::critical, "db1\n|x=1", "error 'a|b=1;2'\nOK - \x1b[2Jfine\xff");
  report.fact("fact\n|", "value|\n");
  report.trace("db1", "query|\n");
  for (int verbosity = 0; verbosity <= 3; ++verbosity) {
    const std::string all = text(report, {.verbosity = verbosity});
    CHECK(all.find('|') == std::string::npos);
    CHECK(all.find('\x1b') == std::string::npos);
    CHECK(std::count(all.begin(), all.end(), '\n') == (verbosity >= 3 ? 4 : verbosity >= 1 ? 3 : 2));
  }
}

TEST_CASE("long findings are cut in line 1, and whole below") {
  Report report;
  report.add(Status::critical, "db1", "error " + std::string(900, 'x') + " end");
  const std::string all = text(report);
  CHECK(all.find('\n') < 1023);
  CHECK_THAT(all, Catch::EndsWith("x end\n"));
}

TEST_CASE("all performance data of one target fits an NRPE v2 packet, whatever the error text") {
  Report report;
  report.add(Status::critical, std::string(100, 'h'), std::string(5000, 'x'));
  report.add(Status::critical, std::string(100, 'h'), std::string(5000, 'y'));
  for (const char* name :
       {"lag", "channels", "channels_running", "last_heard", "transactions_behind", "errant_transactions"})
    report.measure({.name = name, .value = 123456789.123456, .unit = "s", .min = 0, .max = 123456789.123456},
                   limits);
  const std::string all = text(report);
  CHECK(all.find('\n') < 1023);
  CHECK_THAT(all.substr(0, 1023),
             Catch::Contains("errant_transactions=123456789.123456s;;;0;123456789.123456"));
}

TEST_CASE("a bounded answer is whole in its parts") {
  const std::string whole = text(three_targets());
  for (std::size_t bytes = 100; bytes <= whole.size() + 1; ++bytes) {
    const std::string cut = text(three_targets(), {.max_bytes = bytes});
    INFO(bytes << "\n" << cut);
    CHECK(cut.size() <= bytes);
    CHECK(cut.back() == '\n');
    // Whatever is there stands in the whole answer as well, up to a line's or an item's end.
    const std::string body = cut.substr(0, cut.size() - 1);
    REQUIRE(whole.starts_with(body));
    const char next = whole[body.size()];
    CHECK((next == '\n' || next == ' '));
    // And no more is dropped than must be: the next part would not fit.
    std::size_t end = body.size() + 1;
    if (whole.compare(body.size(), 3, " | ") == 0) end += 2;
    end = whole.find_first_of(next == '\n' ? "\n" : " \n", end);
    if (body.size() + 1 < whole.size()) CHECK(end + 1 > bytes);
  }
  CHECK(text(three_targets(), {.max_bytes = whole.size()}) == whole);
  CHECK(text(three_targets(), {.max_bytes = 0}) == whole);
}

TEST_CASE("a summary that is too long by itself is cut between characters") {
  Report report;
  report.add(Status::critical, "", "\xC3\xBC\xC3\xBC" + std::string(300, 'x'));
  for (std::size_t bytes = 30; bytes < 60; ++bytes) CHECK(text(report, {.max_bytes = bytes}).size() <= bytes);
}

TEST_CASE("JSON says the same") {
  Report report = three_targets();
  report.fact("version@db1", "10.11\n");
  const auto json = nlohmann::json::parse(render_json("check_mysql_replication", "1.2.3", report, {}));
  CHECK(json["plugin"] == "check_mysql_replication");
  CHECK(json["version"] == "1.2.3");
  CHECK(json["state"] == "CRITICAL");
  CHECK(json["exit_code"] == 2);
  CHECK(json["summary"] == "db3: SQL thread stopped; db2: read_only=OFF");
  CHECK(json["findings"].size() == 3);
  CHECK(json["findings"][0] ==
        nlohmann::json({{"state", "CRITICAL"}, {"target", "db3"}, {"text", "SQL thread stopped"}}));
  CHECK(json["metrics"].size() == 3);
  const nlohmann::json lag{{"label", "lag@db1"}, {"name", "lag"},  {"instance", "db1"},
                           {"value", 1},         {"unit", "s"},    {"warning", "300"},
                           {"critical", "600"},  {"min", nullptr}, {"max", nullptr}};
  CHECK(json["metrics"][0] == lag);
  CHECK(json["facts"] == nlohmann::json({{"version@db1", "10.11"}}));
}

TEST_CASE("JSON numbers are plain decimals, and hostile text cannot become one") {
  Report report;
  report.add(Status::ok,
             "\x01"
             "5",
             "\\u00015\"");
  report.measure({.name = "lag", .value = 0.00005}, limits);
  report.measure({.name = "channels", .value = 1e20}, limits);
  report.measure({.name = "ratio", .value = NAN}, limits);
  const std::string all = render_json("check_x", "1", report, {});
  CHECK_THAT(all, Catch::Contains("\"value\":0.00005,"));
  CHECK_THAT(all, Catch::Contains("\"value\":100000000000000000000,"));
  CHECK_THAT(all, !Catch::Contains("ratio"));
  const auto json = nlohmann::json::parse(all);
  CHECK(json["findings"][0]["text"] == "\\u00015\"");
  CHECK(json["findings"][0]["target"] == "5");
}
