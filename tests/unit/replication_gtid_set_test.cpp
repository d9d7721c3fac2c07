#include <catch2/catch.hpp>

#include "evenkeel/error.h"
#include "gtid_set.h"

using evenkeel::replication::GtidSet;

namespace {

const std::string a = "aaaaaaaa-0000-0000-0000-000000000001";
const std::string b = "bbbbbbbb-0000-0000-0000-000000000002";

std::string round_trip(const std::string& text) { return GtidSet::parse(text).str(100); }

}  // namespace

TEST_CASE("GTID sets are read as MySQL writes them") {
  const auto [text, printed, count] = GENERATE_COPY(table<std::string, std::string, std::uint64_t>({
      {"", "", 0},
      {a + ":1", a + ":1", 1},
      {a + ":1-5:7", a + ":1-5:7", 6},
      {a + ":1-5,\n" + b + ":2-3", a + ":1-5, " + b + ":2-3", 7},
      {"AAAAAAAA-0000-0000-0000-000000000001:1", a + ":1", 1},
      {a + ":5:1-3:4", a + ":1-5", 5},
      {a + ":1-3," + a + ":2-9", a + ":1-9", 9},
      {a + ":1-3:tag:1-2:other:5", a + ":1-3, " + a + ":other:5, " + a + ":tag:1-2", 6},
      {a + ":tag:7", a + ":tag:7", 1},
      {" " + a + " : 1 - 5 ", "", 0},
  }));
  if (printed.empty() && !text.empty()) {
    CHECK_THROWS_AS(GtidSet::parse(text), evenkeel::Error);
  } else {
    CHECK(round_trip(text) == printed);
    CHECK(GtidSet::parse(text).count() == count);
  }
}

TEST_CASE("what is no GTID set is refused, and the offender quoted") {
  const auto text = GENERATE_COPY(values<std::string>(
      {"x", a, a + ":", a + ":0", a + ":5-3", a + ":1-", a + ":-1", a + ":9tag:1",
       a + ":99999999999999999999", a + ":9223372036854775807", "aaaaaaaa-0000-0000-0000-00000000000:1",
       a + ":1|x", a + ":a_tag_of_more_than_thirty_two_letters:1", "0-1-100", "NULL"}));
  CAPTURE(text);
  CHECK_THROWS_WITH(GtidSet::parse(text), Catch::Contains("no GTID set"));
}

TEST_CASE("subtraction is GTID_SUBTRACT") {
  const auto [from, taken, rest] = GENERATE_COPY(table<std::string, std::string, std::string>({
      {":1-10", ":1-10", ""},
      {":1-10", ":3-4", ":1-2:5-10"},
      {":1-10", ":1-4", ":5-10"},
      {":1-10", ":8-20", ":1-7"},
      {":1-10", ":20-30", ":1-10"},
      {":1-3:7-9", ":2-8", ":1:9"},
      {":1-3:7-9", ":1-3", ":7-9"},
      {":1-3:7-9:12", ":4-11", ":1-3:12"},
      {":5", ":1-4:6-9", ":5"},
      {":1-9", ":2:4:6:8", ":1:3:5:7:9"},
      {":1-9:tag:1-2", ":1-9", ":tag:1-2"},
      {":1-9:tag:1-2", ":tag:2", ":1-9, " + a + ":tag:1"},
  }));
  const GtidSet difference = GtidSet::parse(a + from).minus(GtidSet::parse(a + taken));
  CHECK(difference.str(100) == (rest.empty() ? "" : a + rest));
}

TEST_CASE("another server's transactions are other transactions") {
  const GtidSet set = GtidSet::parse(a + ":1-5," + b + ":1-5");
  CHECK(set.minus(GtidSet::parse(a + ":1-9")).str(9) == b + ":1-5");
  CHECK(set.only({b}).str(9) == b + ":1-5");
  CHECK(set.uuids() == std::set<std::string>{a, b});
  CHECK(GtidSet::parse(a + ":tag:1").only({a}).count() == 1);
}

TEST_CASE("printing is bounded") {
  const GtidSet set = GtidSet::parse(a + ":1:3:5:7:9," + b + ":1");
  CHECK(set.str(2) == a + ":1:3 and 4 more");
  CHECK(set.str(6) == a + ":1:3:5:7:9, " + b + ":1");
}

TEST_CASE("counts beyond 64 bits stay at the largest number") {
  const std::string whole = ":1-9223372036854775806";
  GtidSet set = GtidSet::parse(a + whole + "," + b + whole);
  set.add(GtidSet::parse("cccccccc-0000-0000-0000-000000000003" + whole));
  CHECK(set.count() == 18446744073709551615u);
}
