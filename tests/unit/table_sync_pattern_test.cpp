#include <catch2/catch.hpp>

#include "evenkeel/error.h"
#include "listed_words.h"
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

TEST_CASE("Columns match in any case, as servers have it") {
  const struct {
    const char* pattern;
    const char* column;
    bool matches;
  } table[]{
      {"a.b.Name", "nAME", true},
      {"a.b.`NAME`", "name", true},
      {"a.b.N*", "name", true},
      {"a.b.\xC3\x84.", "\xC3\xA4", false},
      {"a.b.\xC3\x84", "\xC3\xA4", true},                  // Ä
      {"a.b.\xC3\xA9", "e", false},                        // é is no e
      {"a.b.\xD0\x96\xD0\xB8", "\xD0\xB6\xD0\x98", true},  // Cyrillic
      {"a.b.\xCE\xA9", "\xCF\x89", true},                  // Greek
      {"a.b.\xEF\xBC\xA1", "\xEF\xBD\x81", true},          // full width
      {"a.b.\xC3\x97", "\xC3\xB7", false},                 // no letters
      {"a.b.\xC4\xB0", "i", true},                         // a capital i with a dot
      {"a.b.\xC3", "\xC3", true},                          // bytes that are no UTF-8
      {"A.b.c", "c", false},                               // databases by case
  };
  for (const auto& row : table) {
    CAPTURE(row.pattern, row.column);
    if (std::string(row.pattern).ends_with('.')) {
      CHECK_THROWS(TableSelection({"a.b"}, {}, {row.pattern}));
      continue;
    }
    CHECK(TableSelection({"a.b"}, {}, {row.pattern}).ignores({"a", "b"}, row.column) == row.matches);
  }
}

TEST_CASE("Blanks around a name are refused, unless they stand in backquotes") {
  for (const char* text : {" a.b", "a.b ", "a .b", "a. b", "a.b\t", "\na.b"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(NamePattern::parse("--table", text, 2),
                      Catch::Contains("--table") && Catch::Contains("blank"));
  }
  CHECK(NamePattern::parse("--table", "a.` b`", 2).matches({"a", " b"}));
  CHECK(NamePattern::parse("--table", "a.b c", 2).matches({"a", "b c"}));
}

TEST_CASE("The words of an ENUM are read from its type") {
  CHECK(listed_words("enum('a','it''s','b\\\\c','x,y','n\\nl','')") ==
        std::vector<std::string>{"a", "it's", "b\\c", "x,y", "n\nl", ""});
  CHECK(listed_words("set('p')") == std::vector<std::string>{"p"});
  CHECK(listed_words("int(11)").empty());
  CHECK(listed_words("enum('a") == std::vector<std::string>{"a"});
}
