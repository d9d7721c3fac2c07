#include "../../common/src/ini_origins.h"

#include <catch2/catch.hpp>
#include <set>

using namespace evenkeel;

namespace {

const std::vector<OptionSpec> specs = {
    {.name = "hostname", .letter = 'H', .value = "HOST", .repeatable = true},
    {.name = "file", .letter = 'f', .value = "FILE"},
    {.name = "warning", .letter = 'w', .value = "RANGE", .repeatable = true},
    {.name = "password", .letter = 'p', .value = "SECRET", .secret = true},
    {.name = "password-file", .value = "FILE"},
    {.name = "table", .value = "DB.TABLE", .repeatable = true},
    {.name = "digest"},
    {.name = "extra-opts", .value = "X"},
};

IniOrigins origins_of(const std::vector<std::string>& keys) {
  std::vector<IniArgument> arguments;
  for (const std::string& key : keys) arguments.push_back({"", key, "check_x", "/e/x.ini"});
  return {specs, arguments};
}

IniOrigins::Typed typing(std::set<std::string> names) {
  return [names = std::move(names)](const std::string& name) { return names.contains(name); };
}

}  // namespace

TEST_CASE("ini origins: an error names the option as it stands in the file") {
  struct Row {
    std::vector<std::string> in_file;
    std::set<std::string> typed;
    std::string text, expected;
  };
  const std::vector<Row> table = {
      {{}, {}, "--table: name one", "--table: name one"},
      {{"table"}, {}, "--table: \"x\" is no name", "table in [check_x] of /e/x.ini: \"x\" is no name"},
      {{"table"}, {"table"}, "--table: \"x\" is no name", "--table: \"x\" is no name"},
      // What is missing is missed where the others stand.
      {{"file"}, {}, "--table: name one", "table in [check_x] of /e/x.ini: name one"},
      {{"file"},
       {},
       "-H: name two, or use --digest",
       "hostname in [check_x] of /e/x.ini: name two, or use digest="},
      {{"H"}, {}, "-H: name two", "H in [check_x] of /e/x.ini: name two"},
      {{"H"}, {}, "-H --hostname: name two", "H in [check_x] of /e/x.ini: name two"},
      // A value that follows is set off.
      {{"file"}, {}, "-f --file /a b: no such", "file in [check_x] of /e/x.ini: /a b: no such"},
      {{"file"}, {}, "-f --file a*: no file matches", "file in [check_x] of /e/x.ini: a*: no file matches"},
      {{"w"}, {}, "--warning \"y=5\": unknown", "w in [check_x] of /e/x.ini: \"y=5\": unknown"},
      {{"warning"},
       {},
       "--warning lag: \"5x\" is no range",
       "warning in [check_x] of /e/x.ini: lag: \"5x\" is no range"},
      // Of two that conflict, each is named as it was given.
      {{"password", "password-file"},
       {},
       "-p --password and --password-file exclude each other",
       "password in [check_x] of /e/x.ini and password-file exclude each other"},
      {{"password-file"},
       {"password"},
       "-p --password and --password-file exclude each other",
       "-p --password and password-file in [check_x] of /e/x.ini exclude each other"},
      {{"file"}, {"password"}, "-p --password needs --digest", "-p --password needs --digest"},
      // What is quoted is not ours; a number is no option.
      {{"table"},
       {},
       "--table: \"a --table -H\" is no name",
       "table in [check_x] of /e/x.ini: \"a --table -H\" is no name"},
      {{"table"},
       {},
       "--table: -5 is not within -1 to 9",
       "table in [check_x] of /e/x.ini: -5 is not within -1 to 9"},
      {{"tabel"}, {}, "unknown option --tabel", "unknown option tabel in [check_x] of /e/x.ini"},
      {{"z"}, {}, "unknown option -z", "unknown option z in [check_x] of /e/x.ini"},
      {{"pasword c2VjcmV0"},
       {},
       "unknown option --pasword",
       "unknown option pasword in [check_x] of /e/x.ini"},
      {{"table"}, {}, "--extra-opts: is not reworded", "--extra-opts: is not reworded"},
      {{"table"}, {}, "a self-made text -- with - dashes--table", "a self-made text -- with - dashes--table"},
  };
  for (const Row& row : table) {
    CAPTURE(row.text, row.in_file);
    CHECK(origins_of(row.in_file).in_its_words(row.text, typing(row.typed)) == row.expected);
  }
}

TEST_CASE("ini origins: an option file is the value of --file") {
  const std::string text = "option file /a.cnf: no such file";
  for (const char* key : {"file", "f"})
    CHECK(origins_of({key}).in_its_words(text, typing({})) ==
          std::string(key) + " in [check_x] of /e/x.ini: /a.cnf: no such file");
  CHECK(origins_of({"file"}).in_its_words(text, typing({"file"})) == text);
  CHECK(origins_of({"table"}).in_its_words(text, typing({})) == text);
}

TEST_CASE("ini origins: each option is named with its own section and file") {
  const IniOrigins origins(
      specs,
      {{"", "password", "a", "/one"}, {"", "password", "b", "/two"}, {"", "password-file", "c", "/three"}});
  CHECK(origins.in_its_words("-p --password and --password-file exclude each other", typing({})) ==
        "password in [b] of /two and password-file in [c] of /three exclude each other");
}

TEST_CASE("ini origins: a finding's advice is given in the file's words, too") {
  const IniOrigins origins = origins_of({"password-file"});
  CHECK(origins.in_its_words("the server refuses the password of --password-file", typing({})) ==
        "the server refuses the password of password-file in [check_x] of /e/x.ini");
  CHECK(origins.in_its_words("no answer (--digest)?", typing({})) ==
        "no answer (digest= in [check_x] of /e/x.ini)?");
  CHECK(origins_of({}).in_its_words("use --digest", typing({})) == "use --digest");
}
