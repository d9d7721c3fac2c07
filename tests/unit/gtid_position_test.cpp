#include "evenkeel/mysql/gtid_position.h"

#include <catch2/catch.hpp>

#include "evenkeel/error.h"

using evenkeel::mysql::Gtid;
using evenkeel::mysql::GtidPosition;

TEST_CASE("MariaDB's positions are read per domain and server") {
  const GtidPosition position = GtidPosition::parse("0-1-100, 0-2-90,\n7-3-4");
  CHECK(position.all() == std::vector<Gtid>{{0, 1, 100}, {0, 2, 90}, {7, 3, 4}});
  CHECK(position.highest(0) == 100);
  CHECK(position.highest(9) == 0);
  CHECK(position.of(0, 2) == 90);
  CHECK(position.of(0, 9) == 0);
  CHECK(position.highest_of_others(0, 1) == 90);
  CHECK(GtidPosition::parse("").empty());
}

TEST_CASE("of two positions for one server the later stays") {
  GtidPosition position = GtidPosition::parse("0-1-5");
  position.add(GtidPosition::parse("0-1-9,1-1-1"));
  position.add(GtidPosition::parse("0-1-7"));
  CHECK(position.all() == std::vector<Gtid>{{0, 1, 9}, {1, 1, 1}});
}

TEST_CASE("what is no position is refused") {
  const auto text = GENERATE(values<std::string>({"0-1", "0-1-", "a-1-2", "0-1-2-3", "0--1-2",
                                                  "4294967296-1-1", "0-1-18446744073709551616", "0-1-2;",
                                                  "aaaaaaaa-0000-0000-0000-000000000001:1-5"}));
  CAPTURE(text);
  CHECK_THROWS_WITH(GtidPosition::parse(text), Catch::Contains("is no GTID"));
}
