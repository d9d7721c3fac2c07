// What is kept between runs: coverage, known drift, the text of a state file; and how chunks are sized.
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "chunk_size.h"
#include "coverage.h"
#include "drift.h"
#include "drift_text.h"
#include "table_memory.h"

using namespace evenkeel::table_sync;

namespace {

ComparisonPlan plan_by_id() {
  ComparisonPlan plan;
  plan.table = {"shop", "flags"};
  plan.columns = {{"id", Encoding::number, false, 0, false}};
  plan.key = {{"id", KeyColumn::Kind::integer, false, ""}};
  plan.key_name = "PRIMARY";
  return plan;
}

DriftedRow row(const std::string& key, std::size_t server, RowKind kind = RowKind::changed) {
  return {{key}, {{server, kind}}};
}

}  // namespace

TEST_CASE("Coverage is what has been verified, by whichever run") {
  struct Case {
    const char* what;
    std::vector<Coverage::Slice> added;
    double covered;
    double oldest;
  };
  const std::vector<Case> cases{
      {"a third", {{0, 0.25, 10}}, 0.25, 10},
      {"three runs", {{0, 0.25, 10}, {0.25, 0.75, 20}, {0.75, 1, 30}}, 1, 10},
      {"the next pass begins", {{0, 0.5, 10}, {0.5, 1, 20}, {0, 0.5, 30}}, 1, 20},
      {"inside", {{0, 1, 10}, {0.25, 0.5, 20}}, 1, 10},
      {"across", {{0, 0.5, 10}, {0.5, 1, 20}, {0.25, 0.75, 30}}, 1, 10},
      {"nothing", {{0.5, 0.5, 10}, {0, 0.5, 20}}, 0.5, 20},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    const Coverage coverage(c.added);
    CHECK(coverage.covered() == Approx(c.covered));
    CHECK(coverage.oldest() == c.oldest);
  }
  CHECK_FALSE(Coverage().oldest());
  CHECK(Coverage({{0, 0.999, 1}}).covered() < 1);
}

TEST_CASE("A thousand short runs keep few slices, and the oldest of each") {
  Coverage coverage;
  for (int i = 0; i < 1000; ++i) coverage.add(i / 1000.0, (i + 1) / 1000.0, 1000 + i);
  CHECK(coverage.slices().size() <= 100);
  CHECK(coverage.covered() == 1);
  CHECK(coverage.oldest() == 1000);
}

TEST_CASE("Memory reads back as it was written") {
  const ComparisonPlan plan = plan_by_id();
  TableMemory memory;
  memory.position = KeyTuple{"5000"};
  memory.rows = 5000;
  memory.share = 0.5;
  memory.coverage.add(0, 0.5, 1700000000);
  memory.visited = 1700000001;
  memory.drift = {row("7", 1, RowKind::missing)};
  memory.unnamed.replace(0, 5000, 3);
  memory.undecided = {{"8"}, {"9"}};
  memory.undecided_whole = true;
  memory.whole_differs = true;
  memory.whole_differs_on = {1};
  memory.doubtful = {{KeyTuple{"1"}, KeyTuple{"64"}}, {std::nullopt, std::nullopt}};
  memory.chunk_rows = 1234;
  const auto read = TableMemory::parse(memory.text(plan.fingerprint()), plan, 2);
  REQUIRE(read);
  CHECK(read->position == memory.position);
  CHECK(read->rows == 5000);
  CHECK(read->share == 0.5);
  CHECK(read->coverage.covered() == 0.5);
  CHECK(read->visited == 1700000001);
  CHECK(read->unnamed.total() == 3);
  CHECK(read->undecided == memory.undecided);
  CHECK(read->undecided_whole);
  CHECK(read->whole_differs);
  CHECK(read->whole_differs_on == std::vector<std::size_t>{1});
  // Of a server that is not compared any more.
  CHECK_FALSE(TableMemory::parse(memory.text(plan.fingerprint()), plan, 1));
  // When it was visited is told for any plan.
  CHECK(TableMemory::visited_in(memory.text("another")) == 1700000001);
  CHECK(TableMemory::visited_in("{\"visited\": \"soon\"}") == 0);
  CHECK(TableMemory::visited_in("garbage") == 0);
  REQUIRE(read->doubtful.size() == 2);
  CHECK(read->doubtful[0].upto == KeyTuple{"64"});
  CHECK(read->doubtful[1].last());
  CHECK(read->chunk_rows == 1234);
  REQUIRE(read->drift.size() == 1);
  CHECK(read->drift[0].key == KeyTuple{"7"});
  CHECK(read->drift[0].on == memory.drift[0].on);
}

TEST_CASE("What is no memory of this table is none") {
  const ComparisonPlan plan = plan_by_id();
  TableMemory memory;
  memory.drift = {row("7", 1)};
  const std::string text = memory.text(plan.fingerprint());
  ComparisonPlan other = plan;
  other.where = "id > 5";
  CHECK_FALSE(TableMemory::parse(text, other, 2));
  CHECK_FALSE(TableMemory::parse(text, plan, 1));  // fewer servers than it speaks of
  for (const char* garbage : {"", "{", "[]", "{\"format\":1}", "\xff\xff", "null"}) {
    INFO(garbage);
    CHECK_FALSE(TableMemory::parse(garbage, plan, 2));
  }
  memory.drift = {row("1 or 1", 1)};
  CHECK_FALSE(TableMemory::parse(memory.text(plan.fingerprint()), plan, 2));
  memory.drift.clear();
  memory.position = KeyTuple{"1", "2"};
  CHECK_FALSE(TableMemory::parse(memory.text(plan.fingerprint()), plan, 2));
}

TEST_CASE("Of two runs at once neither's drift is lost") {
  TableMemory mine, theirs;
  mine.drift = {row("1", 1), row("2", 1)};
  theirs.drift = {row("2", 1), row("3", 1)};
  mine.undecided = {{"5"}};
  theirs.undecided = {{"5"}, {"6"}};
  theirs.doubtful = {{KeyTuple{"1"}, std::nullopt}};
  mine.add_findings_of(theirs);
  CHECK(mine.drift.size() == 3);
  CHECK(mine.undecided.size() == 2);
  CHECK(mine.doubtful.size() == 1);
}

TEST_CASE("What is kept of two runs fits into a state file") {
  ComparisonPlan plan = plan_by_id();
  plan.key = {{"id", KeyColumn::Kind::bytes, false, ""}};
  TableMemory mine, theirs;
  std::vector<KeyTuple> keys;
  for (int i = 0; i < 40000; ++i) {
    char digits[65];
    std::snprintf(digits, sizeof digits, "%064X", i);
    (i % 2 ? mine : theirs).drift.push_back({{digits}, {{1, RowKind::changed}}});
    keys.push_back({digits});
  }
  mine.drift.resize(7000);
  CHECK_FALSE(mine.keep_undecided(keys));
  CHECK_FALSE(mine.undecided.empty());
  mine.add_findings_of(theirs);
  CHECK(mine.drift.size() > 7000);
  const std::string text = mine.text(plan.fingerprint());
  CHECK(text.size() < (1u << 20));
  CHECK(TableMemory::parse(text, plan, 2));
}

TEST_CASE("Rows without a name are counted once, along the pass") {
  UnnamedRows rows;
  rows.replace(0, 1000, 900);
  rows.replace(1000, 2500, 1500);
  CHECK(rows.total() == 2400);
  // The next pass, in other steps: what it has read again is no longer what the one before knows.
  rows.replace(0, 400, 400);
  CHECK(rows.total() == 1900);
  rows.replace(400, 1100, 0);
  CHECK(rows.total() == 400);
  rows.replace(1100, 3000, 7);
  rows.end_at(2999);
  CHECK(rows.total() == 400);
  // Another of the rows that were read before: where one is left that was not counted.
  rows.add_before(2500);
  CHECK(rows.total() == 401);
  rows.add_before(0);
  CHECK(rows.total() == 402);
  UnnamedRows full({{0, 10, 10}, {12, 20, 8}, {20, 25, 5}, {30, 40, 1}});
  full.add_before(25);
  CHECK(full.total() == 25);
  REQUIRE(full.parts().size() == 5);
  CHECK(full.parts()[1].from == 11);
  full.add_before(25);
  full.add_before(25);
  CHECK(full.total() == 26);
  full.add_before(40);
  CHECK(full.total() == 27);
  UnnamedRows none;
  none.add_before(0);
  CHECK(none.total() == 0);
  none.add_before(7);
  CHECK(none.total() == 1);
  UnnamedRows many;
  for (std::uint64_t pass = 0; pass < 2; ++pass)
    for (std::uint64_t at = 0; at < 10000; at += 10) {
      many.replace(at, at + 10, 10);
      CHECK(many.total() <= 10000);
      CHECK(many.parts().size() <= UnnamedRows::max_parts);
    }
  CHECK(many.total() == 10000);
}

TEST_CASE("A drifted row is counted once, and named as long as there is room") {
  Drift drift;
  CHECK(drift.add(row("1", 1)));
  CHECK_FALSE(drift.add(row("1", 1)));
  CHECK(drift.count() == 1);
  for (std::size_t i = 2; i <= Drift::max_named + 5; ++i) drift.add(row(std::to_string(i), 1));
  CHECK(drift.count() == Drift::max_named + 5);
  CHECK(drift.unnamed() == 5);
  drift.remove({"1"});
  drift.remove({"nowhere"});
  CHECK(drift.count() == Drift::max_named + 4);
  CHECK(drift.add(row("again", 1)));
  CHECK(drift.names({"again"}));
}

TEST_CASE("Who differs, and how") {
  struct Case {
    std::vector<std::optional<std::string>> digests;
    std::vector<std::size_t> servers;
    std::size_t reference;
    std::vector<std::pair<std::size_t, RowKind>> on;
  };
  const std::optional<std::string> none;
  const std::vector<Case> cases{
      {{"a", "b"}, {0, 1}, 0, {{1, RowKind::changed}}},
      {{"a", "b"}, {0, 1}, 1, {{0, RowKind::changed}}},
      {{"a", none}, {0, 1}, 0, {{1, RowKind::missing}}},
      {{none, "b"}, {0, 1}, 0, {{1, RowKind::extra}}},
      {{"a", "b", "b"}, {0, 1, 2}, 0, {{0, RowKind::changed}}},
      {{none, "b", "b"}, {0, 1, 2}, 0, {{0, RowKind::missing}}},
      {{"a", none, none}, {0, 1, 2}, 0, {{0, RowKind::extra}}},
      {{"a", none, "b"}, {0, 2}, 0, {{2, RowKind::changed}}},  // the second has no say
  };
  for (const Case& c : cases) CHECK(drifted_row({{"1"}, c.digests}, c.servers, c.reference).on == c.on);
}

TEST_CASE("Drift in words") {
  const std::vector<std::string> names{"db1", "db2", "db3"};
  struct Case {
    std::vector<DriftedRow> rows;
    std::vector<std::size_t> servers;
    const char* text;
  };
  const auto missing = RowKind::missing, extra = RowKind::extra;
  const std::vector<Case> cases{
      {{row("10", 1), row("9", 1), row("100", 1), row("11", 1)},
       {0, 1},
       "db2 differs in 4 rows (id 9, 10, 11, …)"},
      {{row("1", 2)}, {0, 1, 2}, "db3 differs in 1 row (id 1); db1 = db2"},
      {{row("1", 1, missing), row("2", 1, missing)}, {0, 1}, "db2 lacks 2 rows (id 1, 2)"},
      {{row("1", 1, extra)}, {0, 1}, "db2 has 1 extra row (id 1)"},
      {{row("1", 1), row("2", 1, missing)},
       {0, 1},
       "db2 differs in 2 rows: 1 changed (id 1), 1 missing (id 2)"},
      {{row("1", 1), row("2", 2), row("3", 2)},
       {0, 1, 2},
       "db3 differs in 2 rows (id 2, 3), db2 differs in 1 row (id 1)"},
      {{{{"1"}, {{1, RowKind::changed}, {2, RowKind::changed}}}},
       {0, 1, 2},
       "db2, db3 differ in 1 row (id 1)"},
  };
  for (const Case& c : cases) {
    Drift drift;
    for (const DriftedRow& drifted : c.rows) drift.add(drifted);
    CHECK(drift_text(plan_by_id(), drift, names, c.servers, 3) == c.text);
  }
}

TEST_CASE("Chunks grow and shrink towards the time wanted") {
  ChunkSize size(0.5);
  const std::uint64_t first = size.rows();
  size.learn(first, 0.001);
  CHECK(size.rows() == first * 8);  // never faster
  size.learn(size.rows(), 2.0);
  CHECK(size.rows() == first * 2);
  size.shrink();
  CHECK(size.rows() < first);
  for (int i = 0; i < 20; ++i) size.shrink();
  CHECK(size.smallest());
  CHECK(ChunkSize(0.5, 5000).rows() == 5000);
  CHECK(ChunkSize(0.5, 5000).rows_within(0.25) == 2500);
  CHECK(ChunkSize(0.5, 5000).rows_within(0) > 0);
}
