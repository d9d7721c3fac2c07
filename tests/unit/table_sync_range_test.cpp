#include <catch2/catch.hpp>

#include "evenkeel/error.h"
#include "key_range.h"

using namespace evenkeel;
using namespace evenkeel::table_sync;

namespace {

using Kind = KeyColumn::Kind;

ComparisonPlan keyed(std::vector<KeyColumn> key, std::string where = "") {
  ComparisonPlan plan;
  plan.table = {"shop", "t"};
  plan.key = std::move(key);
  plan.key_name = "PRIMARY";
  plan.where = std::move(where);
  return plan;
}

const KeyColumn a{"a", Kind::integer, false, ""}, b{"b", Kind::temporal, false, ""};
const KeyColumn text{"s", Kind::text, false, "latin1"}, bytes{"x", Kind::bytes, false, ""};
const KeyColumn big{"u", Kind::integer, true, ""};

// A server whose table has the keys 1 to `highest`, and nothing else to say.
class CountingServer : public mysql::SqlSession {
 public:
  explicit CountingServer(std::uint64_t highest) : highest_(highest) {}
  mysql::Rows query(const std::string& sql) override {
    ++queries;
    const auto above = sql.find("`a` > ");
    const std::uint64_t from = above == std::string::npos ? 0 : std::stoull(sql.substr(above + 6));
    const std::uint64_t row = from + 1 + std::stoull(sql.substr(sql.find("LIMIT ") + 6));
    mysql::Rows rows{{"k0"}, {}};
    if (row <= highest_) rows.rows.push_back({std::to_string(row)});
    return rows;
  }
  std::string server_version() const override { return "10.11.0-MariaDB"; }
  int queries = 0;

 private:
  std::uint64_t highest_;
};

}  // namespace

TEST_CASE("Conditions of ranges") {
  struct Row {
    ComparisonPlan plan;
    KeyRange range;
    std::string condition;
  };
  const std::vector<Row> rows{
      {keyed({}), {}, "1"},
      {keyed({}, "n > 1"), {}, "(n > 1) AND 1"},
      {keyed({a}), {{}, {{"7"}}}, "`a` <= 7"},
      {keyed({a}), {{{"7"}}, {}}, "`a` > 7"},
      {keyed({a}), {{{"-7"}}, {{"9"}}}, "`a` > -7 AND `a` <= 9"},
      {keyed({text}), {{{"C3"}}, {}}, "`s` > _latin1 x'C3'"},
      {keyed({bytes}), {{{""}}, {}}, "`x` > x''"},
      {keyed({a, b}),
       {{{"1", "2026-01-01"}}, {}},
       "`a` >= 1 AND (`a` > 1 OR (`a` = 1 AND `b` > '2026-01-01'))"},
      {keyed({a, b}),
       {{}, {{"1", "2026-01-01"}}},
       "`a` <= 1 AND (`a` < 1 OR (`a` = 1 AND `b` <= '2026-01-01'))"},
  };
  for (const Row& row : rows) CHECK(range_condition(row.plan, row.range) == row.condition);
}

TEST_CASE("Conditions of keys compare text by its bytes") {
  CHECK(keys_condition(keyed({a}), {{"1"}, {"2"}}) == "`a` IN (1, 2)");
  CHECK(keys_condition(keyed({text}), {{"41"}, {"42"}}) ==
        "(`s` IN (_latin1 x'41', _latin1 x'42') AND cast(`s` as binary) IN (x'41', x'42'))");
  CHECK(keys_condition(keyed({a, b}), {{"1", "2"}, {"3", "4"}}) ==
        "((`a` = 1 AND `b` = '2') OR (`a` = 3 AND `b` = '4'))");
  CHECK(keys_condition(keyed({a}), {}) == "0");
}

TEST_CASE("What can be a key, from a server or a state file") {
  struct Row {
    KeyColumn column;
    std::string value;
    bool valid;
  };
  const std::vector<Row> rows{
      {a, "1", true},           {a, "-9223372036854775808", true},
      {a, "1 OR 1=1", false},   {a, "", false},
      {a, "NULL", false},       {b, "2026-01-01 00:00:00.5", true},
      {b, "2026' OR '", false}, {text, "C3A4", true},
      {text, "", true},         {text, "c3", false},
      {text, "C", false},       {bytes, "00'", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.value);
    CHECK(valid_key(keyed({row.column}), {row.value}) == row.valid);
  }
  CHECK_FALSE(valid_key(keyed({a, b}), {"1"}));
}

// What a server answers goes into the statements for the others: two minus signs would begin a comment there.
TEST_CASE("Nothing but one number is a key that is a number") {
  const KeyColumn integer{"n", Kind::integer, false, ""}, index{"n", Kind::index, false, ""},
      number{"n", Kind::number, false, ""};
  for (const char* value :
       {"",    "-",   "--1", "5--",   "1-1", "-1-", "1.2.3", ".",  "-.",   "1 ",  " 1", "1e5",
        "0x1", "1,2", "1)",  "1--\t", "1;",  "1/*", "1#",    "+1", "NULL", "1\n", "1'", "'"}) {
    CAPTURE(value);
    for (const KeyColumn& column : {integer, index, number}) CHECK_FALSE(valid_key(keyed({column}), {value}));
  }
  CHECK(valid_key(keyed({number}), {"-12.50"}));
  CHECK(valid_key(keyed({number}), {std::string(65, '9')}));
  CHECK(valid_key(keyed({number}), {"0." + std::string(38, '1')}));
}

TEST_CASE("Keys for people") {
  CHECK(key_text(keyed({a}), {"10"}) == "10");
  CHECK(key_text(keyed({a, text}), {"4", "616263"}) == "(4, abc)");
  CHECK(key_text(keyed({bytes}), {"00FF"}) == "0x00FF");
  CHECK(key_text(keyed({text}), {"FC"}) == "0xFC");
  CHECK(key_text(keyed({{"s", Kind::text, false, "utf8mb4"}}), {"C3BC0A"}) == "0xC3BC0A");
}

TEST_CASE("A table is cut without gaps, the first range open below, the last above") {
  CountingServer server(1000);
  const ComparisonPlan plan = keyed({a});
  RangeCutter cutter(plan);
  std::optional<KeyTuple> end;
  std::uint64_t total = 0;
  int ranges = 0;
  bool last = false;
  while (const auto range = cutter.next(server, 100)) {
    CHECK(range->after == end);
    const std::uint64_t from = range->after ? std::stoull((*range->after)[0]) : 0;
    const std::uint64_t to = range->upto ? std::stoull((*range->upto)[0]) : 1000;
    const std::uint64_t found = std::min<std::uint64_t>(to, 1000) - std::min<std::uint64_t>(from, 1000);
    cutter.learn(found);
    total += found;
    end = range->upto;
    last = range->last();
    ++ranges;
  }
  CHECK(last);
  CHECK(total == 1000);
  CHECK(ranges <= 12);
  CHECK(server.queries <= 3);  // the rest by density
}

TEST_CASE("A range that was too much is taken back") {
  CountingServer server(1000);
  const ComparisonPlan plan = keyed({a});
  RangeCutter cutter(plan, KeyTuple{"500"});
  CHECK(cutter.next(server, 400)->upto == KeyTuple{"900"});
  cutter.take_back();
  const auto range = cutter.next(server, 40);
  CHECK(range->after == KeyTuple{"500"});
  CHECK(range->upto == KeyTuple{"540"});
}

TEST_CASE("Density never runs over the end of the numbers") {
  CountingServer server(0);
  const ComparisonPlan plan = keyed({big});
  RangeCutter cutter(plan, KeyTuple{"18446744073709551000"});
  const auto range = cutter.next(server, 1);
  REQUIRE(range);
  CHECK(range->last());
  CHECK_FALSE(cutter.next(server, 1));
}

TEST_CASE("A table without a key is one range") {
  CountingServer server(1000);
  const ComparisonPlan plan = keyed({});
  RangeCutter cutter(plan);
  const auto range = cutter.next(server, 10);
  CHECK((range->first() && range->last()));
  CHECK_FALSE(cutter.next(server, 10));
  CHECK(server.queries == 0);
}
