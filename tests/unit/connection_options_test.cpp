#include "evenkeel/mysql/connection_options.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace evenkeel;
using namespace evenkeel::mysql;

namespace {

using Words = std::vector<std::string>;

// Option files of all the situations below, in a folder that is gone with the test.
class Files {
 public:
  Files() {
    std::string name = std::filesystem::temp_directory_path() / "evenkeel-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    write("my.cnf",
          "[client]\nuser=nagios\npassword=fr0mfile\nhost=ignored\nport=3310\n[other]\nuser=other\n");
    write("instances/east.cnf", "[client]\nuser=e\nsocket=/run/east.sock\nport=3307\n");
    write("instances/west.cnf", "[client]\nuser=w\nport=3308\n");
    write("more/west.cnf", "[client]\nhost=db9\nport=3309\nsocket=/run/west.sock\n");
    write("tls.cnf", "[client]\nhost=db9\nssl-mode=REQUIRED\n");
    write("tls_socket.cnf", "[client]\nsocket=/run/s.sock\nssl\n");
    write("ca.pem", "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n");
    write("no.pem", "-");
    write("pem_is_none.cnf",
          "[client]\nssl-cert=" + (*this / "ca.pem") + "\nssl-key=" + (*this / "no.pem") + "\n");
    write("password", "s3cret\nsecond line\n");
    write("crlf", "s3cret\r\n");
    write("empty", "\n");
    write("open", "s3cret\n", 0666);
    write("list.cnf", "[client]\nhost=db1,db2\n");
    write("string.cnf", "[client]\nhost=\"x;host=db1\"\n");
    write("long_socket.cnf", "[client]\nsocket=/" + std::string(107, 's') + "\n");
    write("no_key.cnf", "[client]\nssl-key=/none.pem\n");
    write("no_group.cnf", "[mysqld]\n");
    write("no_text.cnf", "junk\n");
    write("all_may_write.cnf", "[client]\n", 0666);
    write("[a]*?.cnf", "[client]\nhost=db7\n");
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  void write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    REQUIRE(chmod((folder_ / name).c_str(), mode) == 0);
  }
  std::filesystem::path folder_;
};

std::vector<Login> logins(const Words& words, const Words& from_ini = {}) {
  return logins_from(Options::parse(connection_options(), words, from_ini));
}

Login login(const Words& words, const Words& from_ini = {}) {
  const auto all = logins(words, from_ini);
  REQUIRE(all.size() == 1);
  return all[0];
}

std::string targets(const Words& words) {
  std::string text;
  for (const Login& login : logins(words))
    text += (text.empty() ? "" : " ") + login.name + "=" + login.where();
  return text;
}

std::string complaint(const Words& words) {
  try {
    logins(words);
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("hosts, ports and sockets") {
  const Files files;
  struct Row {
    Words words;
    const char* targets;
  };
  const std::vector<Row> rows{
      {{"-H", "db1"}, "db1=db1:3306"},
      {{"-H", "db1", "-P", "3307"}, "db1=db1:3307"},
      {{"-H", "db1:3308", "-P", "3307"}, "db1:3308=db1:3308"},
      {{"-H", "db1,db2:3307", "-H", "[::1]:3308", "-P", "3309"},
       "db1=db1:3309 db2:3307=db2:3307 [::1]:3308=[::1]:3308"},
      {{"-H", "::1"}, "::1=[::1]:3306"},
      {{"-H", "db1", "-s", "/run/s.sock"}, "db1=/run/s.sock"},
      {{"-s", "/run/s.sock"}, "localhost=/run/s.sock"},
      {{"-s", "/run/s.sock", "-P", "3307"}, "localhost=/run/s.sock"},
      {{"-P", "3307"}, "localhost=127.0.0.1:3307"},
      {{"-H", "localhost:3306"}, "localhost:3306=localhost:3306"},
      {{"-H", "localhost", "-P", "3306"}, "localhost=localhost:3306"},
      {{"-H", "localhost", "--ssl"}, "localhost=localhost:3306"},
      {{"--ssl"}, "localhost=127.0.0.1:3306"},
      {{"-H", "db1", "-f", files / "my.cnf"}, "db1=db1:3310"},
      {{"-H", "db1:1", "-f", files / "my.cnf"}, "db1:1=db1:1"},
      {{"-H", "db1", "-P", "2", "-f", files / "my.cnf"}, "db1=db1:2"},
      {{"-f", files / "my.cnf"}, "my=ignored:3310"},
      {{"-f", files / "instances/east.cnf"}, "east=/run/east.sock"},
      {{"-f", files / "instances/east.cnf", "-P", "1"}, "east=127.0.0.1:1"},
      {{"-f", files / "instances/east.cnf", "-s", "/s"}, "east=/s"},
      {{"-f", files / "instances/west.cnf"}, "west=127.0.0.1:3308"},
      {{"-f", files / "more/west.cnf"}, "west=db9:3309"},
      {{"-f", files / "instances/*.cnf"}, "east=/run/east.sock west=127.0.0.1:3308"},
      {{"-f", files / "more/west.cnf", "-f", files / "instances/*.cnf"},
       "more/west=db9:3309 east=/run/east.sock instances/west=127.0.0.1:3308"},
      {{"-f", files / "tls_socket.cnf"}, "tls_socket=127.0.0.1:3306"},
      {{"-f", files / "[a]*?.cnf"}, "[a]*?=db7:3306"},  // a name that looks like a pattern
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    CHECK(targets(row.words) == row.targets);
  }
}

TEST_CASE("without -H and -f it is the local server") {
  const Login local = login({});
  CHECK(local.name == "localhost");
  CHECK(((local.socket.empty() && local.where() == "127.0.0.1:3306") || local.socket.ends_with(".sock")));
  CHECK(login({"-H", "localhost"}).socket == local.socket);
}

TEST_CASE("the user and the password: command line, then its file, then my.cnf") {
  const Files files;
  const std::string my = files / "my.cnf";
  struct Row {
    Words words, ini;
    const char *user, *password;
  };
  const std::vector<Row> rows{
      {{}, {}, "", ""},
      {{"-u", "me", "-p", "typed"}, {}, "me", "typed"},
      {{"-f", my, "-H", "db1"}, {}, "nagios", "fr0mfile"},
      {{"-f", my, "-H", "db1", "-u", "me"}, {}, "me", "fr0mfile"},
      {{"-f", my, "-H", "db1", "-p", "typed"}, {}, "nagios", "typed"},
      {{"-f", my, "-H", "db1", "-p", ""}, {}, "nagios", ""},
      {{"-f", my, "-H", "db1", "--password-file", files / "password"}, {}, "nagios", "s3cret"},
      {{"-f", my, "-H", "db1", "-g", "other"}, {}, "other", ""},
      {{"--password-file", files / "crlf"}, {}, "", "s3cret"},
      {{"-p", "typed"}, {"--password-file", files / "password"}, "", "typed"},
      {{"--password-file", files / "password"}, {"--password", "ini"}, "", "s3cret"},
      {{}, {"--username", "ini", "--password", "ini"}, "ini", "ini"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words, row.ini);
    CHECK(login(row.words, row.ini).user == row.user);
    CHECK(login(row.words, row.ini).password == row.password);
  }
}

TEST_CASE("when TLS is wanted, and how strict it is") {
  const Files files;
  const std::string ca = files / "ca.pem";
  struct Row {
    Words words;
    bool wanted, verify;
  };
  const std::vector<Row> rows{
      {{"-H", "db1"}, false, true},
      {{"-H", "db1", "-l"}, true, true},
      {{"-H", "db1", "--ssl", "--insecure"}, true, false},
      {{"-H", "db1", "-C", ca}, true, true},
      {{"-H", "db1", "-a", ca}, true, true},
      {{"-H", "db1", "-a", ca, "-k", ca}, true, true},
      {{"-f", files / "tls.cnf"}, true, false},
      {{"-f", files / "tls.cnf", "--ssl"}, true, true},  // asked for here, so verified
      {{"-f", files / "tls.cnf", "--insecure"}, true, false},
      {{"-f", files / "tls_socket.cnf"}, true, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    CHECK(login(row.words).tls.wanted == row.wanted);
    CHECK(login(row.words).tls.verify == row.verify);
  }
  CHECK(login({"-H", "db1", "-a", ca}).tls.key_file == ca);  // one file may hold both
}

TEST_CASE("what contradicts itself, or cannot be read, is named") {
  const Files files;
  struct Row {
    Words words;
    std::string complaint;
  };
  const std::string east = files / "instances/east.cnf", west = files / "instances/west.cnf";
  const std::vector<Row> rows{
      {{"-P", "0"}, "-P --port: \"0\" is not a port (1 to 65535)"},
      {{"-H", "db1", "-P", "x"}, "-P --port: the value is not a port (1 to 65535)"},
      {{"-H", "db1,db1"}, "-H --hostname: db1 is named twice"},
      {{"-H", "db1", "-f", east, "-f", west},
       "-f --file: with -H one file gives the credentials; 2 were given"},
      {{"-H", "db1,db2", "-s", "/s"}, "-s --socket names one server; -H --hostname names 2"},
      {{"-f", east, "-f", west, "-P", "1"}, "-P --port names one server; 2 option files name theirs"},
      {{"-f", east, "-f", west, "-s", "/s"}, "-s --socket names one server; 2 option files name theirs"},
      {{"-f", east, "-f", files / "instances/../instances/east.cnf"},
       "-f --file " + (files / "instances/../instances/east.cnf") + ": the file is named twice"},
      {{"-f", files / "zzz*.cnf"}, "-f --file " + (files / "zzz*.cnf") + ": no file matches"},
      {{"-f", files / "none.cnf"}, "option file " + (files / "none.cnf") + ": no such file or directory"},
      {{"-f", files / "my.cnf", "-g", "none"},
       "option file " + (files / "my.cnf") + ": it has no group [none]"},
      {{"-g", "client"}, "-g --group names a group of an option file; give that with -f"},
      {{"-p", "s3cret", "--password-file", files / "password"},
       "-p --password and --password-file exclude each other"},
      {{"--password-file", files / "empty"},
       "--password-file " + (files / "empty") + ": its first line is empty"},
      {{"--password-file", files / "open"},
       "--password-file " + (files / "open") + ": world-writable; chmod o-w it"},
      {{"--password-file", files / "none"},
       "--password-file " + (files / "none") + ": no such file or directory"},
      {{"-C", files / "none.pem"}, "-C --ca-cert " + (files / "none.pem") + ": no such file or directory"},
      {{"-C", files / "no.pem"}, "-C --ca-cert " + (files / "no.pem") + ": no certificate in PEM"},
      {{"-a", files / "no.pem"}, "-a --cert " + (files / "no.pem") + ": no certificate in PEM"},
      {{"-a", files / "ca.pem", "-k", files / "no.pem"},
       "-k --key " + (files / "no.pem") + ": no private key in PEM"},
      {{"-C", files / "."}, "-C --ca-cert " + (files / ".") + ": not a regular file"},
      {{"-f", files / "pem_is_none.cnf"},
       "option file " + (files / "pem_is_none.cnf") + ": the file of ssl-key: no private key in PEM"},
      {{"-k", files / "ca.pem"}, "-k --key needs the certificate it belongs to: -a --cert"},
      // Nothing where something was asked for: most often a variable that is not set.
      {{"-f", ""}, "-f --file: the path is empty"},
      {{"-f", east, "-f", ""}, "-f --file: the path is empty"},
      {{"-s", ""}, "-s --socket: the path is empty"},
      {{"-H", "db1", "-s", ""}, "-s --socket: the path is empty"},
      {{"--password-file", ""}, "--password-file: the path is empty"},
      {{"-C", ""}, "-C --ca-cert: the path is empty"},
      {{"-a", ""}, "-a --cert: the path is empty"},
      {{"-k", ""}, "-k --key: the path is empty"},
      {{"-f", east, "-g", ""}, "-g --group: the name is empty"},
      // No host.
      {{"-H", "x;host=db1"}, "-H --hostname \"x;host=db1\": not a host name or address"},
      {{"-H", "a:b:c"}, "-H --hostname: not a host name or address"},
      {{"-f", files / "list.cnf"},
       "option file " + (files / "list.cnf") + ": its host is not a host name or address"},
      {{"-f", files / "string.cnf"},
       "option file " + (files / "string.cnf") + ": its host is not a host name or address"},
      {{"-s", "/" + std::string(107, 's')},
       "-s --socket /" + std::string(107, 's') + ": longer than the path of a socket may be (107 bytes)"},
      {{"-s", "@x"},
       "-s --socket: an abstract socket, whose name everyone may take, is not used; name a path (./@… for a "
       "file of such a name)"},
      // What an option says is about the whole run, however many files there are.
      {{"-f", east, "-f", west, "-C", files / "none.pem"},
       "-C --ca-cert " + (files / "none.pem") + ": no such file or directory"},
      {{"-f", east, "-f", west, "--password-file", files / "empty"},
       "--password-file " + (files / "empty") + ": its first line is empty"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    CHECK(complaint(row.words) == row.complaint);
  }
}

TEST_CASE("a bad file of several is the problem of its own instance") {
  const Files files;
  const std::string good = files / "more/west.cnf";
  struct Row {
    const char* file;
    const char* name;
    const char* problem;
  };
  const std::vector<Row> rows{
      {"none.cnf", "none", "no such file or directory"},
      {"no_text.cnf", "no_text", "an option stands before the first [group]"},
      {"no_group.cnf", "no_group", "it has no group [client]"},
      {"all_may_write.cnf", "all_may_write", "world-writable; chmod o-w it"},
      {"list.cnf", "list", "its host is not a host name or address"},
      {"string.cnf", "string", "its host is not a host name or address"},
      {"long_socket.cnf", "long_socket", "longer than the path of a socket may be (107 bytes)"},
      {"no_key.cnf", "no_key", "-k --key needs the certificate it belongs to"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.file);
    const std::vector<Login> all = logins({"-f", files / row.file, "-f", good});
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == row.name);
    CHECK(all[0].where() == row.name);
    REQUIRE(all[0].problem);
    CHECK(all[0].problem->fault() == Fault::usage);
    CHECK_THAT(all[0].problem->what(), Catch::Contains(row.problem));
    CHECK_FALSE(all[1].problem);
    CHECK(all[1].where() == "db9:3309");
    // Alone, it is an error of the run.
    CHECK_THAT(complaint({"-f", files / row.file}), Catch::Contains(row.problem));
    // Credentials for -H concern every target.
    CHECK_FALSE(complaint({"-H", "db1,db2", "-f", files / "none.cnf"}) == "none");
  }
  CHECK(logins({"-f", files / "n*.cnf", "-f", good}).size() == 4);
}

TEST_CASE("a login for the source is like its replica's") {
  const Files files;
  const Login replica = login({"-s", "/run/s.sock", "-u", "me", "-p", "s3cret"});
  const Login source = login_like(replica, "db0", 3307);
  CHECK(source.name == "db0:3307");
  CHECK(source.where() == "db0:3307");
  CHECK(source.user == "me");
  CHECK(source.password == "s3cret");
}
