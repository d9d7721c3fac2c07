#include <catch2/catch.hpp>

#include "sql_condition.h"

using evenkeel::table_sync::flaw_of_condition;

TEST_CASE("A condition stays within the brackets that are put around it") {
  const struct {
    const char* condition;
    const char* flaw;
  } table[]{
      {"id > 10", ""},
      {"(a or b) and f(c, (d))", ""},
      {"name = ')'", ""},
      {"name = 'it''s ('", ""},
      {R"(name = '\') or (')", ""},
      {R"x(`a)` = ")")x", ""},
      {R"(`a\` = 1)", ""},
      {"a--1 > 2", ""},
      {"a - -1 / 2", ""},
      {"", "is empty"},
      {" \t\n", "is empty"},
      {"1) or (1", "closes a bracket that it has not opened"},
      {"(1", "has a bracket that is not closed"},
      {"name = 'a", "has a quote that is not closed"},
      {R"(name = 'a\')", "has a quote that is not closed"},
      {"name = \"a", "has a quote that is not closed"},
      {"`a", "has a quote that is not closed"},
      {"1 -- ", "has a comment"},
      {"1 # all", "has a comment"},
      {"1 /* ( */", "has a comment"},
      {"1; drop table x", "is more than one condition"},
      {"rand() < 0.5", "calls rand(), which gives another answer each time"},
      {"RAND (3) < 0.5", "calls rand(), which gives another answer each time"},
      {"not(uuid()='x')", "calls uuid(), which gives another answer each time"},
      {"rand < 0.5", ""},
      {"brand(1) = 2", ""},
      {"`rand`(1) = 'rand()'", ""},
      {"id = @x", "reads a variable: each server and session has its own"},
      {"id = @@server_id", "reads a variable: each server and session has its own"},
      {"mail = 'a@b.c'", ""},
      {"get_lock('a', 1)", "calls get_lock(), and nothing is to be locked"},
      {"id in (select id from u FOR  UPDATE)", "locks rows, and nothing is to be locked"},
      {"id in (select id from u lock in share mode)", "locks rows, and nothing is to be locked"},
      {"created < now() - interval 1 day", ""},
  };
  for (const auto& row : table) {
    INFO(row.condition);
    CHECK(flaw_of_condition(row.condition) == row.flaw);
  }
}
