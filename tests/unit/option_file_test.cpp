#include "evenkeel/mysql/option_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "evenkeel/error.h"

using namespace evenkeel;
using namespace evenkeel::mysql;

namespace {

ClientOptions client(const std::string& lines) {
  return parse_option_file("[client]\n" + lines, "client", "my.cnf");
}

std::string complaint_about(const std::string& text, const std::string& group = "client") {
  try {
    parse_option_file(text, group, "my.cnf");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    return error.what();
  }
  return "none";
}

// A folder that is gone with the test.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / "evenkeel-XXXXXX") {
    std::string name = path_;
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& name) const { return path_ / name; }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    REQUIRE(chmod(path(name).c_str(), mode) == 0);
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

std::string complaint_about_file(const std::string& path) {
  try {
    read_option_file(path, "client");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a password reads as MySQL's own client reads it") {
  struct Row {
    const char* line;
    const char* password;
  };
  const auto row = GENERATE(
      Row{"password=s3cret", "s3cret"}, Row{"password = s3cret \t", "s3cret"},
      Row{"  password\t=s3cret", "s3cret"}, Row{"password=two words", "two words"},
      Row{"password=\"quoted\"", "quoted"}, Row{"password='quoted'", "quoted"},
      Row{"password=\" kept \"", " kept "}, Row{"password=\"a#b\"", "a#b"},
      Row{"password='a#b' # why", "a#b"}, Row{"password=plain # why", "plain"},
      Row{"password=plain#why", "plain"}, Row{"password=a;b", "a;b"}, Row{"password=a=b", "a=b"},
      Row{"password=", ""}, Row{"password=\"\"", ""}, Row{"password=\"", "\""},
      Row{"password=\"open", "\"open"}, Row{"password='it\\'s'", "it's"}, Row{"password=a\\sb", "a b"},
      Row{"password=a\\tb\\nc\\rd\\be", "a\tb\nc\rd\be"}, Row{"password=a\\\\b", "a\\b"},
      Row{"password=a\\qb", "a\\qb"}, Row{"password=end\\", "end\\"}, Row{"password=\"a\\\"#b\"", "a\"#b"},
      Row{"loose-password=s3cret", "s3cret"}, Row{"loose_password=s3cret", "s3cret"},
      Row{"password=s3cret\r", "s3cret"}, Row{"password=first\npassword=last", "last"},
      Row{"#password=no\n;password=no\npassword=yes\n #password=no", "yes"});
  CAPTURE(row.line);
  CHECK(client(row.line).password == row.password);
}

TEST_CASE("settings that say where and as whom") {
  const ClientOptions options = client(
      "user=nagios\nhost = db1\nport=3307\nsocket=/run/mysqld/mysqld.sock\nssl_ca=/etc/ca.pem\n"
      "ssl-cert=/etc/cert.pem\nssl-key=/etc/key.pem\nquick\nmax_allowed_packet=16M\n");
  CHECK(options.user == "nagios");
  CHECK(options.host == "db1");
  CHECK(options.port == 3307);
  CHECK(options.socket == "/run/mysqld/mysqld.sock");
  CHECK(options.ca_file == "/etc/ca.pem");
  CHECK(options.cert_file == "/etc/cert.pem");
  CHECK(options.key_file == "/etc/key.pem");
  CHECK(options.tls == true);  // a certificate asks for TLS
}

TEST_CASE("nothing said is nothing set") {
  const ClientOptions options = client("password\nuser\nport=0\n");
  CHECK_FALSE(options.user);
  CHECK_FALSE(options.password);  // bare: the client would ask for it
  CHECK_FALSE(options.host);
  CHECK_FALSE(options.port);
  CHECK_FALSE(options.tls);
  CHECK_FALSE(options.verify);
}

TEST_CASE("what a file says of TLS") {
  struct Row {
    const char* lines;
    std::optional<bool> tls, verify;
  };
  const auto row = GENERATE(
      Row{"ssl", true, {}}, Row{"ssl=1", true, {}}, Row{"ssl=TRUE", true, {}}, Row{"ssl = On", true, {}},
      Row{"enable-ssl", true, {}}, Row{"loose-ssl", true, {}}, Row{"skip-ssl", false, {}},
      Row{"disable-ssl", false, {}}, Row{"skip_ssl", false, {}}, Row{"ssl=0", false, {}},
      Row{"ssl=off", false, {}}, Row{"ssl\nssl=0", false, {}}, Row{"ssl-mode=DISABLED", false, {}},
      Row{"ssl-mode=PREFERRED", false, {}}, Row{"ssl-mode=REQUIRED", true, false},
      Row{"ssl_mode=required", true, false}, Row{"ssl-mode=VERIFY_CA", true, true},
      Row{"ssl-mode=VERIFY_IDENTITY", true, true}, Row{"ssl-verify-server-cert", true, true},
      Row{"ssl\nssl-verify-server-cert=0", true, false}, Row{"ssl\nskip-ssl-verify-server-cert", true, false},
      Row{"ssl-ca=/ca.pem", true, {}}, Row{"skip-ssl\nssl-ca=/ca.pem", false, {}},
      Row{"ssl-ca=/ca.pem\nssl=0", false, {}}, Row{"ssl-ca=", {}, {}});
  CAPTURE(row.lines);
  CHECK(client(row.lines).tls == row.tls);
  CHECK(client(row.lines).verify == row.verify);
}

TEST_CASE("only the group that was asked for counts") {
  const char* text =
      "\xEF\xBB\xBF[mysqld]\r\nuser=mysql\r\n[ client ] \r\nuser=nagios\r\n[mysql]\r\nuser=x\r\n"
      "[client]\r\nport=3307\r\n";
  CHECK(parse_option_file(text, "client", "my.cnf").user == "nagios");
  CHECK(parse_option_file(text, "client", "my.cnf").port == 3307);
  CHECK(parse_option_file(text, "mysqld", "my.cnf").user == "mysql");
}

TEST_CASE("what cannot be read names the file and the line, and no secret") {
  struct Row {
    std::string text;
    const char* complaint;
  };
  const auto row = GENERATE(
      Row{"", "option file my.cnf: it has no group [client]"},
      Row{"[mysqld]\nuser=x", "option file my.cnf: it has no group [client]"},
      Row{"[client]\npassword = CHANGE-ME",
          "option file my.cnf: its password is still CHANGE-ME; evenkeel-grant makes the account and fills "
          "it in"},
      Row{"password=s3cret\n[client]", "my.cnf line 1: an option stands before the first [group]"},
      Row{"\n[client\npassword=s3cret", "my.cnf line 2: the ] of a group is missing"},
      Row{"[client]\nport=no", "my.cnf line 2: port is not a number from 1 to 65535"},
      Row{"[client]\nport=70000", "my.cnf line 2: port is not a number from 1 to 65535"},
      Row{"[client]\nssl=maybe", "my.cnf line 2: ssl takes ON or OFF"},
      Row{"[client]\nssl-mode=STRICT",
          "my.cnf line 2: ssl-mode is one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY"},
      Row{std::string("[client]\npassword=a\0b", 21), "my.cnf: not a text file (it holds a NUL byte)"});
  CHECK(complaint_about(row.text) == row.complaint);
}

TEST_CASE("files that are included") {
  const Folder folder;
  // Created in an order that no folder lists by chance.
  for (const char* name : {"d", "a", "h", "c", "g", "b", "f", "e"})
    folder.write("conf.d/" + std::string(name) + ".cnf",
                 "[client]\nuser=" + std::string(name) + "\nport=3307\n");
  folder.write("conf.d/ignored.txt", "[client]\nuser=wrong\n");
  folder.write("secret.cnf", "[client]\npassword=s3cret\n[mysqld]\nuser=wrong\n");
  const std::string main = folder.write("my.cnf", "[client]\nhost=db1\n!includedir " + folder.path("conf.d") +
                                                      "\n!include secret.cnf\nsocket=/s\n");

  const ClientOptions options = read_option_file(main, "client");
  CHECK(options.host == "db1");
  CHECK(options.user == "h");  // a folder's files come in the order of their names
  CHECK(options.port == 3307);
  CHECK(options.password == "s3cret");
  CHECK(options.socket == "/s");  // after an include, its includer's group goes on
}

TEST_CASE("a file that must not or cannot be read is named with the reason") {
  const Folder folder;
  const std::string circle = folder.write("circle.cnf", "!include circle.cnf\n");
  const std::string writable = folder.write("writable.cnf", "[client]\npassword=s3cret\n", 0666);
  const std::string includes = folder.write("includes.cnf", "[client]\n!include writable.cnf\n");
  const std::string large = folder.write("large.cnf", "[client]\n" + std::string(1u << 20, '#'));
  const std::string bad = folder.write("bad.cnf", "[client]\n!inklude x\n");
  const std::string no_folder = folder.write("no_folder.cnf", "!includedir /no/such/folder\n");
  const std::string fifo = folder.path("fifo.cnf");
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const std::string many = folder.write("many.cnf", [&] {
    std::string text = "[client]\n";
    for (int i = 0; i < 300; ++i) text += "!include empty.cnf\n";
    return text;
  }());
  folder.write("empty.cnf", "");

  CHECK(complaint_about_file(folder.path("none.cnf")) ==
        "option file " + folder.path("none.cnf") + ": no such file or directory");
  CHECK(complaint_about_file(writable) == "option file " + writable + ": world-writable; chmod o-w it");
  CHECK_THAT(complaint_about_file(includes), Catch::Contains("includes.cnf line 2: option file ") &&
                                                 Catch::Contains("writable.cnf: world-writable"));
  CHECK(complaint_about_file(fifo) == "option file " + fifo + ": not a regular file");
  CHECK(complaint_about_file(folder.path("")) == "option file " + folder.path("") + ": not a regular file");
  CHECK(complaint_about_file("/dev/zero") == "option file /dev/zero: not a regular file");
  CHECK(complaint_about_file(large) == "option file " + large + ": larger than 1024 KiB");
  CHECK_THAT(complaint_about_file(circle), Catch::Contains("!include goes deeper than 10 files"));
  CHECK_THAT(complaint_about_file(many), Catch::Contains("more than 200 files are included"));
  CHECK_THAT(complaint_about_file(bad), Catch::Contains("line 2: !include and !includedir are known"));
  CHECK_THAT(complaint_about_file(no_folder), Catch::Contains("folder /no/such/folder: no such file"));
  CHECK(complaint_about_file(folder.write("good.cnf", "[client]\n", 0644)) == "none");
}

TEST_CASE("lines that do nothing are said, by name or by number, and never with what may be a secret") {
  const auto without_effect = [](const std::string& line) {
    return parse_option_file("[client]\n" + line + "\n[mysqld]\nfoo=1\n", "client", "my.cnf").without_effect;
  };
  using Names = std::vector<std::string>;
  for (const char* line :
       {"user=x", "password=x", "password=", "host=x", "port=1", "port=0", "socket=/x", "ssl", "skip-ssl",
        "ssl=0", "loose-ssl", "ssl_ca=/x", "ssl-cert=/x", "ssl-key=/x", "ssl-mode=REQUIRED",
        "disable-ssl-verify-server-cert", "default-character-set=utf8mb4", "max_allowed_packet=1M"}) {
    INFO(line);
    CHECK(without_effect(line) == Names{});
  }
  for (const char* name :
       {"ssl-cipher", "tls-version", "plugin-dir", "default-auth", "protocol", "ssl-capath"}) {
    CHECK(without_effect(name + std::string("=x")) == Names{name});
    CHECK(without_effect(std::string("loose-") + name + "=x") == Names{name});
  }
  CHECK(without_effect("password") == Names{"password without a value"});
  CHECK(without_effect("user") == Names{"user without a value"});
  for (const char* line : {"password c2VjcmV0UGFzcw==", "password: c2VjcmV0UGFzcw==", "c2VjcmV0UGFzcw",
                           "passwd=s3cret", "username=x", "pass=s3cret"}) {
    INFO(line);
    CHECK(without_effect(line) == Names{"line 2"});
  }
}
