#include "evenkeel/extra_opts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evenkeel/error.h"

namespace {

namespace fs = std::filesystem;
using namespace evenkeel;
using Catch::Matchers::Contains;
using Words = std::vector<std::string>;

// The usage error's text, or "no error".
std::string complaint(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    return error.what();
  }
  return "no error";
}

class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "evenkeel-ini-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Scratch() { fs::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path() const { return path_.string(); }
  std::string file(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    fs::permissions(path_ / name, fs::perms(0600));
    return (path_ / name).string();
  }

 private:
  fs::path path_;
};

// Sets or unsets a variable for as long as it lives.
class Variable {
 public:
  Variable(const char* name, std::optional<std::string> value) : name_(name) {
    if (const char* old = std::getenv(name)) before_ = old;
    put(value);
  }
  ~Variable() { put(before_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void put(const std::optional<std::string>& value) const {
    value ? setenv(name_, value->c_str(), 1) : unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

// The rows with a file name are what monitoring-plugins' own tests expect of those files.
TEST_CASE("extra-opts: how an ini file reads as arguments") {
  const Scratch scratch;
  struct Row {
    const char* name;
    std::string text;
    std::string section;
    Words expected;
  };
  const std::vector<Row> table = {
      {"plain", "[x]\nwarning=5\ncritical=10\n", "x", {"--warning=5", "--critical=10"}},
      {"no newline at the end", "[x]\nwarning=5", "x", {"--warning=5"}},
      {"DOS line ends", "[x]\r\nwarning=5\r\nverbose=\r\n", "x", {"--warning=5", "--verbose"}},
      {"white space", " \t[x] \n\n \twarning \t= \t5 6 \t\n", "x", {"--warning=5 6"}},
      {"white space in the brackets", "[  x y\t]\na b=1", "x y", {"--a b=1"}},
      {"one letter", "[x]\nw=5\nv=\n", "x", {"-w5", "-v"}},
      {"one letter, a value like an option", "[x]\nw=-5:5\n", "x", {"-w-5:5"}},
      {"one letter, a value with a label", "[x]\nw=lag=5\n", "x", {"-wlag=5"}},
      {"no value", "[x]\nverbose=\nno-state =   \n", "x", {"--verbose", "--no-state"}},
      {"a second = belongs to the value", "[x]\nwarning=lag=5\n", "x", {"--warning=lag=5"}},
      {"quotes belong to the value", "[x]\nuser=\"a b\"\nu='c'\n", "x", {"--user=\"a b\"", "-u'c'"}},
      {"comments", "# c\n; c\n[x]\n # c\n\t; c\nwarning=5\n", "x", {"--warning=5"}},
      {"no comment behind a value", "[x]\npassword=a#b;c # d\n", "x", {"--password=a#b;c # d"}},
      {"a comment behind the section", "[x] # c\nwarning=5\n[y] ; c\n", "x", {"--warning=5"}},
      {"repeated keys", "[x]\nw=1\nw=2\n", "x", {"-w1", "-w2"}},
      {"repeated section", "[x]\na1=1\n[y]\na2=2\n[x]\na3=3\n", "x", {"--a1=1", "--a3=3"}},
      {"other sections may hold anything", "[y]\nnonsense\n=\n[x]\na1=1\n[z]\n$%&\n", "x", {"--a1=1"}},
      {"sections match in full and in case", "[X]\na1=1\n[xx]\na2=2\n[]\na3=3\n[x]\na4=4", "x", {"--a4=4"}},
      {"a path as section", "[ /path/to/file.txt ]\nthis=that\n", "/path/to/file.txt", {"--this=that"}},
      {"a brace in a value", "[x]\nwarning=[5]\n", "x", {"--warning=[5]"}},
      {"config-tiny.ini",
       "# c\n\n[section]\none=two\nFoo=Bar\nthis=Your Mother!\nblank=\n\n[Section Two]\n",
       "section",
       {"--one=two", "--Foo=Bar", "--this=Your Mother!", "--blank"}},
      {"config-dos.ini",
       "[Section Two]\r\nsomething else=blah\r\n remove = whitespace\r\n",
       "Section Two",
       {"--something else=blah", "--remove=whitespace"}},
      {"plugin.ini",
       "[check space_and_flags]\nfoo=bar\na=\nb=\nbar=\n",
       "check space_and_flags",
       {"--foo=bar", "-a", "-b", "--bar"}},
      {"a long line",
       "[x]\nsend=" + std::string(20000, 'y') + "\n",
       "x",
       {"--send=" + std::string(20000, 'y')}},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    const std::string file = scratch.file("some.ini", row.text);
    CHECK(extra_opts_arguments(row.section + "@" + file, "check_x") == row.expected);
    CHECK(extra_opts_arguments("@" + file, row.section) == row.expected);
  }
}

TEST_CASE("extra-opts: a byte order mark is no part of the file") {
  const auto entries = parse_ini("\xef\xbb\xbf[x]\r\na1=1\r\n", "x", "f.ini");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].key == "a1");
  CHECK(entries[0].value == "1");
  CHECK(entries[0].line == 2);
}

TEST_CASE("extra-opts: what is no ini file, and never a word of what it says") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "f.ini: no section [x]"},
      {"[y]\na1=secret\n", "f.ini: no section [x]"},
      {"[x]\n# secret=1\n[y]\nz=1\n", "f.ini: nothing in section [x]"},
      {"secret=1\n[x]\na1=1\n", "f.ini, line 1: an option before the first [section]"},
      {"\n\nsecret\n[x]\na1=1\n", "f.ini, line 3: an option before the first [section]"},
      {"[x]\npassword secret\n", "f.ini, line 2: no \"=\""},
      {"[x]\n\n=secret\n", "f.ini, line 3: no option before \"=\""},
      {"[x]\n  = secret\n", "f.ini, line 2: no option before \"=\""},
      {"[x]\n--password=secret\n", "f.ini, line 2: options stand here without their dashes"},
      {"[x]\n-p=secret\n", "f.ini, line 2: options stand here without their dashes"},
      {"[x]\n-=help\n", "f.ini, line 2: options stand here without their dashes"},
      {"[x]\nextra-opts=secret\n", "f.ini, line 2: extra-opts cannot stand in the file itself"},
      {"[x\na1=secret\n", "f.ini, line 1: \"[\" without \"]\""},
      {"[x] a1=secret\n", "f.ini, line 1: text after \"]\""},
      {std::string("[x]\na1=sec\0ret\n", 15), "f.ini, line 2: not a text file"},
      {"\xef\xbb\xbf\xef\xbb\xbf[x]\na1=secret\n", "f.ini, line 1: an option before the first [section]"},
  };
  for (const auto& [text, expected] : table) {
    CAPTURE(text);
    const std::string said = complaint([&, t = text] { parse_ini(t, "x", "f.ini"); });
    CHECK_THAT(said, Contains(expected) && !Contains("secret") && !Contains("\n"));
  }
}

TEST_CASE("extra-opts: entries with and without a value") {
  const auto entries = parse_ini("[x]\na=\nlong = v w\n", "x", "f.ini");
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].key == "a");
  CHECK_FALSE(entries[0].has_value);
  CHECK(entries[1].key == "long");
  CHECK(entries[1].value == "v w");
  CHECK(entries[1].has_value);
}

TEST_CASE("extra-opts: files that are not read") {
  const Scratch scratch;
  const std::string good = scratch.file("good.ini", "[check_x]\nwarning=5\n");
  fs::create_directory(scratch.path() + "/folder");
  mkfifo((scratch.path() + "/fifo").c_str(), 0600);
  scratch.file("open.ini", "[check_x]\nwarning=5\n");
  fs::permissions(scratch.path() + "/open.ini", fs::perms(0666));
  scratch.file("large.ini", "[check_x]\nwarning=5\n" + std::string(1 << 20, '\n'));
  fs::create_symlink("loop", scratch.path() + "/loop");

  const std::vector<std::pair<std::string, std::string>> table = {
      {"@" + scratch.path() + "/missing.ini", "missing.ini: No such file or directory"},
      {"@" + scratch.path() + "/folder", "folder: is a folder, not a file"},
      {"@" + scratch.path() + "/fifo", "fifo: its end did not come within 2 s"},
      {"@" + scratch.path() + "/open.ini", "open.ini: everyone may write to it"},
      {"@" + scratch.path() + "/large.ini", "large.ini: is larger than 1 MiB"},
      {"@" + scratch.path() + "/loop", "loop: Too many levels of symbolic links"},
      {"@/dev/zero", "/dev/zero: is not a regular file"},
      {"@", "there is no file in any of the usual places"},
      {"check_x@", "there is no file in any of the usual places"},
      {"other@" + good, "good.ini: no section [other]"},
  };
  for (const auto& [argument, expected] : table) {
    CAPTURE(argument);
    const std::string said = complaint([a = argument] { extra_opts_arguments(a, "check_x"); });
    CHECK_THAT(said, Contains("--extra-opts: ") && Contains(expected));
  }
  CHECK(extra_opts_arguments("@" + good, "check_x") == Words{"--warning=5"});
  fs::permissions(good, fs::perms(0644));
  CHECK(extra_opts_arguments("@" + good, "check_x") == Words{"--warning=5"});
  fs::permissions(good, fs::perms(0664));
  CHECK(extra_opts_arguments("@" + good, "check_x") == Words{"--warning=5"});
  fs::create_symlink(good, scratch.path() + "/link.ini");
  CHECK(extra_opts_arguments("@" + scratch.path() + "/link.ini", "check_x") == Words{"--warning=5"});
  CHECK(extra_opts_arguments("a@" + scratch.file("a@b.ini", "[a]\nw=1\n"), "check_x") == Words{"-w1"});
}

TEST_CASE("extra-opts: @- is standard input, and waits for it a short while only") {
  const int before = dup(STDIN_FILENO);
  const auto with_stdin = [&](const std::string& text, bool ends) {
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    REQUIRE(write(pipe_ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    if (ends) close(pipe_ends[1]);
    dup2(pipe_ends[0], STDIN_FILENO);
    close(pipe_ends[0]);
    Words words;
    const std::string said = complaint([&] { words = extra_opts_arguments("@-", "check_x"); });
    dup2(before, STDIN_FILENO);
    if (!ends) close(pipe_ends[1]);
    return said == "no error" ? words : Words{said};
  };
  CHECK(with_stdin("[check_x]\nwarning=5\n", true) == Words{"--warning=5"});
  const auto start = std::chrono::steady_clock::now();
  CHECK_THAT(with_stdin("[check_x]\nwarning=5\n", false).front(), Contains("did not come within 2 s"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(6));
  close(before);
}

TEST_CASE("extra-opts: a pipe from the shell is read") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const std::string text = "[check_x]\nwarning=5\n";
  REQUIRE(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  close(ends[1]);
  CHECK(extra_opts_arguments("@/dev/fd/" + std::to_string(ends[0]), "check_x") == Words{"--warning=5"});
  close(ends[0]);
}

TEST_CASE("extra-opts: where the file is looked for") {
  const Scratch scratch;
  const auto ini = [&](const std::string& name) {
    return scratch.file(name, "[check_x]\nfrom=" + name + "\n");
  };
  const std::string named = ini("named.ini");
  const std::string a = scratch.path() + "/a", b = scratch.path() + "/b", c = scratch.path() + "/c";
  ini("a/nagios-plugins.ini");
  ini("a/plugins.ini");
  ini("b/monitoring-plugins.ini");
  ini("b/plugins.ini");
  fs::create_directory(c);

  struct Row {
    std::optional<std::string> mp_config_file, nagios_config_path;
    std::string expected;
  };
  const std::vector<Row> table = {
      {named, {}, "--from=named.ini"},
      {named, a, "--from=named.ini"},
      {{}, a, "--from=a/plugins.ini"},
      {{}, b, "--from=b/monitoring-plugins.ini"},
      {{}, a + ":" + b, "--from=a/plugins.ini"},
      {{}, c + ":" + b + ":" + a, "--from=b/monitoring-plugins.ini"},
      {{}, "::" + c + "::" + a + ":", "--from=a/plugins.ini"},
      {"", a, "error: --extra-opts: there is no file in any of the usual places"},
      {c + "/missing", a, "error: --extra-opts: " + c + "/missing: No such file or directory"},
  };
  for (const Row& row : table) {
    CAPTURE(row.mp_config_file, row.nagios_config_path);
    const Variable file("MP_CONFIG_FILE", row.mp_config_file);
    const Variable path("NAGIOS_CONFIG_PATH", row.nagios_config_path);
    Words words;
    const std::string said = complaint([&] { words = extra_opts_arguments("", "check_x"); });
    CHECK((said == "no error" ? words.front() : "error: " + said) == row.expected);
  }
}

TEST_CASE("extra-opts: taken out of the command line, files first") {
  const Scratch scratch;
  const std::string file =
      scratch.file("f.ini", "[check_x]\nwarning=1\n[two]\ncritical=2\nverbose=\n[three]\nw=3\n");
  const Variable config("MP_CONFIG_FILE", file);
  struct Row {
    Words given, kept, from_files;
  };
  const std::vector<Row> table = {
      {{}, {}, {}},
      {{"-v", "-H", "db"}, {"-v", "-H", "db"}, {}},
      {{"--extra-opts"}, {}, {"--warning=1"}},
      {{"--extra-opts="}, {}, {"--warning=1"}},
      {{"--extra-opts=two"}, {}, {"--critical=2", "--verbose"}},
      {{"--extra-opts=three@" + file}, {}, {"-w3"}},
      {{"--extra-opts=@" + file}, {}, {"--warning=1"}},
      {{"--extra-opts", "-v"}, {"-v"}, {"--warning=1"}},
      {{"-H", "db", "--extra-opts=two", "-v"}, {"-H", "db", "-v"}, {"--critical=2", "--verbose"}},
      {{"--extra-opts=three", "--extra-opts"}, {}, {"-w3", "--warning=1"}},
      {{"--extra-options", "--extra-opt=x"}, {"--extra-options", "--extra-opt=x"}, {}},
  };
  for (const Row& row : table) {
    CAPTURE(row.given);
    Words arguments = row.given;
    CHECK(take_extra_opts(arguments, "check_x") == row.from_files);
    CHECK(arguments == row.kept);
  }
}

TEST_CASE("extra-opts: a separate word is not its value") {
  for (const std::string word : {"two", "two@/etc/f.ini", "-", ""}) {
    Words arguments = {"--extra-opts", word};
    const std::string said = complaint([&] { take_extra_opts(arguments, "check_x"); });
    CHECK_THAT(said, Contains("--extra-opts " + word + ": the value is written with \"=\""));
  }
}
