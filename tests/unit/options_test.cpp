#include "evenkeel/options.h"

#include <catch2/catch.hpp>

#include "evenkeel/error.h"

using namespace evenkeel;

namespace {

using Words = std::vector<std::string>;

const std::vector<OptionSpec> specs{
    {.name = "hostname", .letter = 'H', .value = "HOST", .repeatable = true},
    {.name = "timeout", .letter = 't', .value = "N"},
    {.name = "verbose", .letter = 'v', .repeatable = true},
    {.name = "password", .letter = 'p', .value = "SECRET", .secret = true},
    {.name = "warning", .letter = 'w', .value = "RANGE", .repeatable = true},
    {.name = "ssl", .letter = 'l'},
};

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

TEST_CASE("options in all the forms that people type") {
  struct Row {
    Words words;
    const char* option;
    const char* values;
  };
  const std::vector<Row> table{
      {{"-H", "db1"}, "hostname", "db1"},
      {{"-Hdb1"}, "hostname", "db1"},
      {{"--hostname", "db1"}, "hostname", "db1"},
      {{"--hostname=db1"}, "hostname", "db1"},
      {{"-H", "db1", "-H", "db2"}, "hostname", "db1 db2"},
      {{"-w", "-5:5"}, "warning", "-5:5"},
      {{"-w", "~:5"}, "warning", "~:5"},
      {{"-w-5:5"}, "warning", "-5:5"},
      {{"--warning=lag=5"}, "warning", "lag=5"},
      {{"-t9"}, "timeout", "9"},
      {{"-vt9"}, "timeout", "9"},
      {{"-p", "-secret"}, "password", "-secret"},
  };
  for (const Row& row : table) {
    INFO(joined(row.words));
    CHECK(joined(Options::parse(specs, row.words).values(row.option)) == row.values);
  }
}

TEST_CASE("flags count") {
  const std::vector<std::pair<Words, std::size_t>> table{
      {{}, 0}, {{"-v"}, 1}, {{"-vvv"}, 3}, {{"-v", "-v"}, 2}, {{"--verbose", "-v"}, 2}, {{"-vlv"}, 2},
  };
  for (const auto& [words, count] : table) CHECK(Options::parse(specs, words).count("verbose") == count);
}

TEST_CASE("nothing is guessed and nothing passed over") {
  const std::vector<std::pair<Words, const char*>> table{
      {{"--host=db1"}, "unknown option --host"},
      {{"--hostnam", "db1"}, "unknown option --hostnam"},
      {{"-x"}, "unknown option -x"},
      {{"-vx"}, "unknown option -x"},
      {{"db1"}, "argument 1 is no option"},
      {{"-H", "db1", "db2"}, "argument 3 is no option"},
      {{"--", "db2"}, "argument 2 is no option"},
      {{"-"}, "argument 1 is no option"},
      {{"-H"}, "-H --hostname needs a value"},
      {{"--hostname"}, "-H --hostname needs a value"},
      {{"--hostname="}, "-H --hostname needs a value"},
      {{"--verbose=2"}, "-v --verbose takes no value"},
      {{"-t", "1", "--timeout=2"}, "-t --timeout is given twice"},
      {{"-hostname"}, "unknown option -h"},
  };
  for (const auto& [words, why] : table) {
    INFO(joined(words));
    CHECK_THROWS_WITH(Options::parse(specs, words), Catch::Contains(why));
    CHECK_THROWS_AS(Options::parse(specs, words), Error);
  }
}

TEST_CASE("no error shows what may be a mistyped secret") {
  const std::vector<Words> table{
      {"--pass=geheim"}, {"--pasword=geheim"}, {"--Password=geheim"}, {"-password", "geheim"},
      {"-Pgeheim"},      {"-vPgeheim"},        {"-p", "x", "geheim"}, {"--password", "x", "-Zgeheim"},
  };
  for (const Words& words : table) {
    INFO(joined(words));
    for (const bool in_file : {false, true}) {
      try {
        Options::parse(specs, in_file ? Words{} : words, in_file ? words : Words{});
        FAIL("accepted");
      } catch (const Error& error) {
        CHECK_THAT(error.what(), !Catch::Contains("geheim"));
      }
    }
  }
}

TEST_CASE("the command line replaces the file's values; the file's last one wins") {
  const Options both = Options::parse(specs, {"-H", "db9", "-w", "1"},
                                      {"-H", "db1", "-H", "db2", "-t", "3", "-t", "4", "-w", "2"});
  CHECK(joined(both.values("hostname")) == "db9");
  CHECK(both.value("timeout") == "4");
  CHECK(joined(both.values_from_file("warning")) == "2");
  CHECK(joined(both.values_from_command_line("warning")) == "1");
  CHECK_FALSE(both.has("ssl"));
}

TEST_CASE("numbers within bounds") {
  const auto number = [](const char* text) {
    return Options::parse(specs, {"-t", text}).number("timeout", 5, 1, 10);
  };
  const auto integer = [](const char* text) {
    return Options::parse(specs, {"-t", text}).integer("timeout", 5, 1, 10);
  };
  CHECK(number("2.5") == 2.5);
  CHECK(integer("7") == 7);
  CHECK(Options::parse(specs, {}).number("timeout", 5, 1, 10) == 5);
  CHECK_THROWS_WITH(number("0.5"), Catch::Contains("--timeout: 0.5 is not within 1 to 10"));
  CHECK_THROWS_WITH(number("x"), Catch::Contains("--timeout: the value is not a number"));
  CHECK_THROWS_WITH(integer("2.5"), Catch::Contains("not a whole number"));
}

TEST_CASE("secrets leave the process list") {
  const std::vector<std::pair<Words, const char*>> table{
      {{"-p", "geheim"}, "-p xxxxxx"},
      {{"-pgeheim"}, "-pxxxxxx"},
      {{"--password", "geheim"}, "--password xxxxxx"},
      {{"--password=geheim"}, "--password=xxxxxx"},
      {{"-vpgeheim"}, "-vpxxxxxx"},
      {{"-vlp", "geheim"}, "-vlp xxxxxx"},
      {{"-p", "-geheim"}, "-p xxxxxxx"},
      {{"-H", "-p", "db1"}, "-H -p db1"},
      {{"-Hpdb1"}, "-Hpdb1"},
      {{"-t", "9", "-p", "geheim", "-H", "db1"}, "-t 9 -p xxxxxx -H db1"},
      {{"-p"}, "-p"},
      {{"--passw=geheim"}, "--passw=xxxxxx"},
      {{"--pass", "geheim"}, "--pass xxxxxx"},
      {{"-p", "eins", "-p", "zwei"}, "-p xxxx -p xxxx"},
  };
  for (const auto& [words, wiped] : table) {
    INFO(joined(words));
    Words storage = words;
    storage.insert(storage.begin(), "check_x");
    std::vector<char*> argv;
    for (std::string& word : storage) argv.push_back(word.data());
    wipe_secrets(specs, static_cast<int>(argv.size()), argv.data());
    storage.erase(storage.begin());
    CHECK(joined(storage) == wiped);
  }
}
