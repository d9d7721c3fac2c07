#include "evenkeel/target.h"

#include <catch2/catch.hpp>

#include "evenkeel/error.h"

using namespace evenkeel;

TEST_CASE("HOST[:PORT]") {
  struct Row {
    const char* text;
    const char* host;
    int port;
  };
  const std::vector<Row> table{
      {"db1", "db1", 0},
      {"db1:3307", "db1", 3307},
      {"192.0.2.1", "192.0.2.1", 0},
      {"[::1]:3306", "::1", 3306},
      {"[::1]", "::1", 0},
      {"::1", "::1", 0},
      {"2001:db8::7", "2001:db8::7", 0},
      {"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
      {"db1:65535", "db1", 65535},
      {"DB_1-a.example.org", "DB_1-a.example.org", 0},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1", 0},
      {"xn--dtenbank-1za.example", "xn--dtenbank-1za.example", 0},
  };
  for (const Row& row : table) {
    INFO(row.text);
    const HostPort target = parse_host_port("-H", row.text);
    CHECK(target.host == row.host);
    CHECK(target.port.value_or(0) == row.port);
    CHECK(target.name == row.text);
  }
}

TEST_CASE("what is no host is rejected with the option's name") {
  for (const char* text :
       {"", ":3306", "db1:", "db1:0", "db1:65536", "db1:x", "db1:33 06", "[::1", "[::1]3306", "[]:1", "a b",
        "-x", "http://db1", "db1/", "db1\n", "db1:-1", "db1:+1", "user@db1",
        // What a client library reads as options, as a list of servers, or as nothing.
        "host=db1", "x;host=db1", "db1;ssl-verify-server-cert=0", "plugin-dir=.", "[host=db1]:1", "[a;b]",
        "a:b:c", "[a:b:c]:1", "::1::", "[::1%]", "[::1%a=b]", "[::1%a%b]", "db1%eth0", "a\"b", "a'b", "a\\b",
        "a*", "a?b", "a#b", "a(b)", "d\xC3\xA4tenbank"}) {
    INFO(text);
    CHECK_THROWS_WITH(parse_host_port("-H", text), Catch::StartsWith("-H"));
  }
}

TEST_CASE("comma lists and repeated options are one list in order") {
  const std::vector<HostPort> hosts = parse_hosts("-H", {"db1, db2:3307", "[::1]:3306"});
  REQUIRE(hosts.size() == 3);
  CHECK(hosts[0].name == "db1");
  CHECK(hosts[1].name == "db2:3307");
  CHECK(hosts[2].host == "::1");
  CHECK_THROWS_WITH(parse_hosts("-H", {"db1", "db2,db1"}), Catch::Contains("db1 is named twice"));
  CHECK_THROWS_AS(parse_hosts("-H", {"db1,,db2"}), Error);
  CHECK_THROWS_AS(parse_hosts("-H", {"db1,"}), Error);
}

TEST_CASE("a host is letters, digits, dots, dashes and underscores, or an IPv6 address") {
  for (const char* text : {"db1", "192.0.2.1", "a_b.c-d", "::1", "fe80::1%eth0"}) CHECK(is_host(text));
  for (const char* text :
       {"", "-x", "db1:3306", "[::1]", "a,b", "a b", "a=b", "a;b", "a/b", "a%b", "::1%", ":"})
    CHECK_FALSE(is_host(text));
  CHECK_FALSE(is_host(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_host(std::string_view("::1\0b", 5)));
  CHECK(is_host(std::string(255, 'a')));
  CHECK_FALSE(is_host(std::string(256, 'a')));
}

TEST_CASE("the path of a socket is as long as the system takes it") {
  CHECK(parse_socket_path("--socket", "/run/x.sock") == "/run/x.sock");
  CHECK(parse_socket_path("--socket", std::string(107, 'x')).size() == 107);
  for (const std::size_t length : {0u, 108u, 5000u})
    CHECK_THROWS_WITH(parse_socket_path("--socket", std::string(length, 'x')),
                      "--socket: wanted is a path of 1 to 107 bytes");
}

TEST_CASE("an abstract socket is not used, nor a path that client libraries read in another way") {
  for (const char* text : {"@", "@x", "@/run/x.sock", "@@"})
    CHECK_THROWS_WITH(parse_socket_path("--socket", text),
                      "--socket: an abstract socket, whose name everyone may take, is not used; name a path "
                      "(./@… for a file of such a name)");
  for (const std::string_view text :
       {std::string_view("\0x", 2), std::string_view("/x\0", 3), std::string_view("@\0", 2)})
    CHECK_THROWS_WITH(parse_socket_path("--socket", text), "--socket: the path holds a NUL byte");
  for (const char* text : {"./@x", "/@x", "x@", "x.sock"}) CHECK(parse_socket_path("--socket", text) == text);
}
