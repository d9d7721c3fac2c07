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
  };
  for (const auto& row : table) {
    INFO(row.condition);
    CHECK(flaw_of_condition(row.condition) == row.flaw);
  }
}
