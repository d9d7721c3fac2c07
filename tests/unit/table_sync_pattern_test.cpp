#include <catch2/catch.hpp>

#include "evenkeel/error.h"
#include "table_pattern.h"

using namespace evenkeel::table_sync;

TEST_CASE("Table patterns") {
  struct Row {
    std::string pattern;
    TableName name;
    bool matches;
  };
  const std::vector<Row> rows{
      {"shop.flags", {"shop", "flags"}, true},
      {"shop.flags", {"shop", "flag"}, false},
      {"shop.flags", {"Shop", "flags"}, false},
      {"*.*", {"a", "b"}, true},
      {"shop.*", {"shop", "x.y"}, true},
      {"shop.*", {"shop2", "x"}, false},
      {"s*p.f*s", {"shop", "flags"}, true},
      {"s*p.f*s", {"shopq", "flags"}, false},
      {"*a*b.t", {"xaab", "t"}, true},
      {"*a*b.t", {"xba", "t"}, false},
      {"shop.fl?gs", {"shop", "fl\xC3\xA4gs"}, true},
      {"shop.fl?gs", {"shop", "flgs"}, false},
      {"`a.b`.`c*`", {"a.b", "c*"}, true},
      {"`a.b`.`c*`", {"a.b", "cc"}, false},
      {"`a``b`.t", {"a`b", "t"}, true},
      {"db.`t`*", {"db", "tt"}, true},
      {"*.*", {"mysql", "user"}, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern, row.name.text());
    CHECK(NamePattern::parse("--table", row.pattern, 2).matches({row.name.database, row.name.table}) ==
          row.matches);
  }
}

TEST_CASE("What is no pattern is refused by name") {
  for (const char* text : {"", "flags", "a.b.c", ".b", "a.", "`a.b", "a.`b", "``.b"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(NamePattern::parse("--table", text, 2),
                      Catch::Contains("--table") && Catch::Contains("DB.TABLE"));
  }
}

TEST_CASE("What a selection takes") {
  const TableSelection selection({"shop.*", "crm.users"}, {"shop.log*"}, {"*.*.updated", "shop.flags.n?te"});
  CHECK(selection.selects({"shop", "flags"}));
  CHECK_FALSE(selection.selects({"shop", "log_2026"}));
  CHECK(selection.selects({"crm", "users"}));
  CHECK_FALSE(selection.selects({"crm", "other"}));
  CHECK_FALSE(TableSelection({"*.*"}, {}, {}).selects({"mysql", "user"}));
  CHECK(selection.ignores({"shop", "flags"}, "updated"));
  CHECK(selection.ignores({"shop", "flags"}, "note"));
  CHECK_FALSE(selection.ignores({"shop", "flags"}, "name"));
  CHECK(selection.named() == std::vector<TableName>{{"crm", "users"}});
}

TEST_CASE("Names in SQL") {
  CHECK(TableName{"a`b", "sel ect"}.sql() == "`a``b`.`sel ect`");
  CHECK(text_literal("\xC3\xA4'") == "_utf8mb4 x'c3a427'");
  CHECK(text_literal("") == "_utf8mb4 x''");
}
