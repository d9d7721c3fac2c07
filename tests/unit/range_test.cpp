#include "evenkeel/range.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "evenkeel/error.h"

using evenkeel::Error;
using evenkeel::Range;

TEST_CASE("a range alerts outside its ends, or inside them after @") {
  struct Row {
    const char* text;
    std::vector<double> fine;
    std::vector<double> alerts;
  };
  const double inf = INFINITY;
  const std::vector<Row> table{
      {"10", {0, 5, 10}, {-0.001, 10.001, inf, -inf}},
      {"10:", {10, 11, 1e12, inf}, {9.999, 0, -1, -inf}},
      {":10", {0, 10}, {-1, 10.5}},
      {"~:10", {-1e9, 0, 10, -inf}, {10.001}},
      {"10:20", {10, 15, 20}, {9.9, 20.1}},
      {"@10:20", {9.9, 20.1}, {10, 15, 20}},
      {"1e3", {0, 1000}, {1000.5, -1}},
      {".5", {0, 0.5}, {0.51}},
      {"-5:5", {-5, 0, 5}, {-5.1, 5.1}},
      {"+5", {5}, {5.1}},
      {"010", {10}, {10.1}},
      {"10:10", {10}, {9.99, 10.01}},
      {"~:-2.5", {-3, -2.5}, {-2.4, 0}},
      {"@~:0", {0.1}, {0, -1}},
      {"0", {0}, {0.1, -0.1}},
      {"@0", {0.1, -0.1}, {0}},
      {"~:", {-1e300, 0, 1e300}, {}},
      {"0:", {0, 1}, {-1}},
  };
  for (const Row& row : table) {
    INFO(row.text);
    const Range range = Range::parse(row.text);
    for (const double value : row.fine) {
      INFO(value);
      CHECK_FALSE(range.alerts(value));
    }
    for (const double value : row.alerts) {
      INFO(value);
      CHECK(range.alerts(value));
    }
    CHECK(range.alerts(NAN));
  }
}

TEST_CASE("what is no range is rejected, and the first thing wrong with it is named") {
  struct Row {
    const char* text;
    const char* why;
  };
  const std::vector<Row> table{
      {"", "empty"},
      {":", "neither start nor end"},
      {"@", "nothing follows the @"},
      {"~", "~ stands only before a colon"},
      {"@:", "neither start nor end"},
      {"10:~", "~ stands only before a colon"},
      {"2:1", "start 2 is above the end 1"},
      {"-10", "start 0 is above the end -10"},
      {"foo", "\"foo\" is not a number"},
      {"10foo", "\"10foo\" is not a number"},
      {"1-10", "\"1-10\" is not a number"},
      {"1,10", "\"1,10\" is not a number"},
      {"0x10", "\"0x10\" is not a number"},
      {"nan", "not a number"},
      {"inf", "not a number"},
      {"infinity", "not a number"},
      {"1:inf", "not a number"},
      {"1:2:3", "more than one colon"},
      {"@@1", "\"@1\" is not a number"},
      {" 1", "\" 1\" is not a number"},
      {"1 ", "the end \"1 \" is not a number"},
      {"1:2 ", "is not a number"},
      {"1e999", "is not a number"},
      {"+-5:", "is not a number"},
      {"--5:", "is not a number"},
      {"1.2.3", "is not a number"},
      {"e5", "is not a number"},
      {".", "is not a number"},
      {"~~:1", "is not a number"},
      {"10;20", "is not a number"},
  };
  for (const Row& row : table) {
    INFO(row.text);
    CHECK_THROWS_WITH(Range::parse(row.text), Catch::Contains(row.why));
    CHECK_THROWS_AS(Range::parse(row.text), Error);
  }
}

TEST_CASE("a range is printed in plain decimals and reads back the same") {
  const std::vector<std::pair<const char*, const char*>> table{
      {"10", "10"},
      {"10:", "10:"},
      {":10", "10"},
      {"0:10", "10"},
      {"~:10", "~:10"},
      {"10:20", "10:20"},
      {"@10:20", "@10:20"},
      {"1e3", "1000"},
      {".5", "0.5"},
      {"-5:5", "-5:5"},
      {"+5", "5"},
      {"010", "10"},
      {"-0", "0"},
      {"@~:0", "@~:0"},
      {"0:", "0:"},
      {"~:", "~:"},
      {"1e-7", "0.0000001"},
      {"0.1:0.3", "0.1:0.3"},
      {"1e22", "10000000000000000000000"},
  };
  for (const auto& [text, printed] : table) {
    INFO(text);
    const Range range = Range::parse(text);
    CHECK(range.str() == printed);
    CHECK(Range::parse(range.str()) == range);
  }
}

TEST_CASE("what a reader is told of a value that alerts") {
  struct Row {
    const char* text;
    double value;
    const char* words;
  };
  const std::vector<Row> table{
      {"600", 700, "above 600"},
      {"600", -1, "below 0"},
      {"10:", 3, "below 10"},
      {"10:20", 25, "above 20"},
      {"@10:20", 15, "inside 10 to 20"},
      {"@~:0", 0, "at or below 0"},
      {"@5:", 7, "at or above 5"},
      {"@~:", 1, "any value"},
      {"10", NAN, "not a number"},
  };
  for (const Row& row : table) {
    INFO(row.text);
    CHECK(Range::parse(row.text).complaint(row.value) == row.words);
  }
}

TEST_CASE("only a plain number is a plain number") {
  for (const char* text : {"10", "0:10", ":10", "0.5"}) CHECK(Range::parse(text).is_plain_number());
  for (const char* text : {"10:", "~:10", "5:10", "@10", "0:"})
    CHECK_FALSE(Range::parse(text).is_plain_number());
}
