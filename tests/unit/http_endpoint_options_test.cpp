#include <catch2/catch.hpp>

#include "evenkeel/error.h"
#include "evenkeel/http/endpoint_options.h"

using namespace evenkeel;

namespace {

using Words = std::vector<std::string>;

std::vector<http::Endpoint> parse(const Words& words) {
  return http::endpoints_from(Options::parse(http::endpoint_options("/server-status?auto"), words),
                              "/server-status?auto");
}

std::string urls(const Words& words) {
  std::string text;
  for (const http::Endpoint& endpoint : parse(words)) text += endpoint.name + "=" + endpoint.url + " ";
  return text;
}

}  // namespace

TEST_CASE("whom options name") {
  const std::pair<Words, const char*> table[]{
      {{}, "localhost=http://localhost:80/server-status?auto "},
      {{"-H", "web1"}, "web1=http://web1:80/server-status?auto "},
      {{"-H", "web1:8080,web2", "-p", "81"},
       "web1:8080=http://web1:8080/server-status?auto web2=http://web2:81/server-status?auto "},
      {{"-H", "web1", "-S"}, "web1=https://web1:443/server-status?auto "},
      {{"-H", "[::1]:81"}, "[::1]:81=http://[::1]:81/server-status?auto "},
      {{"-H", "web1", "-S", "--ca-cert", "/ca.pem"}, "web1=https://web1:443/server-status?auto "},
      {{"-u", "HTTPS://web1/", "--ca-cert", "/ca.pem"}, "web1=HTTPS://web1/ "},
      {{"-H", "web1", "--ca-cert", "/ca.pem", "--follow-redirects"},
       "web1=http://web1:80/server-status?auto "},
      {{"-H", "::1"}, "::1=http://[::1]:80/server-status?auto "},
      {{"-H", "web1", "-u", "/status"}, "web1=http://web1:80/status "},
      {{"-H", "web1", "-u", "status"}, "web1=http://web1:80/status "},
      {{"-u", "https://web1:8443/s?auto"}, "web1:8443=https://web1:8443/s?auto "},
      {{"-u", "http://[::1]/s"}, "[::1]=http://[::1]/s "},
      {{"-H", "web1", "-u", "/go?to=http://x"}, "web1=http://web1:80/go?to=http://x "},
  };
  for (const auto& [words, expected] : table) {
    INFO(expected);
    CHECK(urls(words) == expected);
  }
}

TEST_CASE("what options do not say is an error that names the option") {
  const std::pair<Words, const char*> table[]{
      {{"-u", "ftp://web1/"}, "--url: its scheme is neither http nor https"},
      {{"-u", "http://u:geheim@web1/"}, "--auth-file"},
      {{"-H", "web1", "-u", "http://web2/"}, "--url is a whole URL, which says what --hostname would"},
      {{"-S", "-u", "http://web2/"}, "what --ssl would"},
      {{"-u", "/a b"}, "--url: blanks"},
      {{"-u", "http:///x"}, "the host is missing"},
      {{"-p", "0"}, "--port"},
      {{"-I", "10.0.0.1:80"}, "--ip-address: takes no port"},
      {{"-I", "10.0.0.1", "--socket", "/x"}, "exclude each other"},
      {{"--socket", std::string(108, 'x')}, "1 to 107 bytes"},
      {{"--header", "geheim"}, "--header: wanted is 'NAME: VALUE'"},
      {{"--header", "X y: geheim"}, "--header: wanted"},
      {{"--header", "X: geheim\r\nY: 1"}, "--header: wanted"},
      {{"--proxy", "http://u:geheim@proxy"}, "--proxy"},
      {{"-H", "web1", "--ca-cert", "/ca.pem"}, "--ca-cert: without --ssl"},
      {{"-u", "http://web1/", "--ca-cert", "/ca.pem"}, "--ca-cert: without --ssl"},
      {{"-H", "web1", "--cert", "/dev/null"}, "--cert /dev/null: not a regular file"},
      {{"-S", "--cert", "/nonexistent"}, "--cert /nonexistent: no such file"},
      {{"-S", "--cert", EVENKEEL_FIXTURES "/apache/README.md", "--key", "/nonexistent"},
       "--key /nonexistent: no such file"},
      {{"-H", "web1", "--cert", EVENKEEL_FIXTURES "/apache/README.md"}, "--cert: without --ssl"},
      {{"-S", "--key", "/x"}, "--key: it belongs to a certificate"},
      {{"--auth-file", "/nonexistent"}, "--auth-file /nonexistent: no such file"},
  };
  for (const auto& [words, why] : table) {
    INFO(why);
    CHECK_THROWS_WITH(parse(words), Catch::Contains(why) && !Catch::Contains("geheim"));
    CHECK_THROWS_AS(parse(words), Error);
  }
}

TEST_CASE("how errors call an endpoint: no query, which may hold a secret") {
  http::Endpoint endpoint;
  endpoint.url = "https://web1:8443/status?token=geheim";
  CHECK(endpoint.server() == "web1:8443");
  CHECK(endpoint.page() == "/status");
  CHECK(endpoint.wants_tls());
  endpoint.connect_to = "192.0.2.7";
  CHECK(endpoint.server() == "192.0.2.7 for web1:8443");
  endpoint.unix_socket = "/run/x";
  CHECK(endpoint.server() == "/run/x");
  endpoint.url = "http://web1?auto";
  CHECK(endpoint.page() == "/");
  CHECK_FALSE(endpoint.wants_tls());
}

TEST_CASE("basic authentication is for who has proved who it is, and for what does not leave the machine") {
  const struct {
    const char* url;
    const char* connect_to;
    bool verified, unverified;
  } table[]{
      {"https://web1/", "", true, false},
      {"HTTPS://web1/", "127.0.0.1", true, false},
      {"https://127.0.0.1/", "", true, false},
      {"https://localhost/", "", true, false},
      {"http://web1/", "", false, false},
      {"http://192.0.2.7:80/", "", false, false},
      {"http://127.0.0.1/", "", true, true},
      {"http://127.9.8.7:8080/", "", true, true},
      {"http://LOCALHOST:8080/", "", true, true},
      {"http://localhost?auto", "", true, true},
      {"http://[::1]:80/", "", true, true},
      {"http://[::1]/", "", true, true},
      {"http://[::ffff:127.0.0.1]/", "", true, true},
      {"http://[::ffff:192.0.2.7]/", "", false, false},
      {"http://[::2]/", "", false, false},
      {"http://0.0.0.0/", "", false, false},
      {"http://[::]/", "", false, false},
      {"http://128.0.0.1/", "", false, false},
      {"http://1270.0.0.1/", "", false, false},
      {"http://127.0.0.1.evil.example/", "", false, false},
      {"http://localhost.evil.example/", "", false, false},
      {"http://evil.example/127.0.0.1", "", false, false},
      {"http://127.0.0.1@evil.example/", "", false, false},
      {"http://web1/", "127.0.0.1", true, true},
      {"http://web1/", "::1", true, true},
      {"http://127.0.0.1/", "192.0.2.7", false, false},
      {"http://localhost/", "web1", false, false},
  };
  for (const auto& row : table) {
    INFO(row.url << " at " << row.connect_to);
    http::Endpoint endpoint;
    endpoint.url = row.url;
    endpoint.connect_to = row.connect_to;
    CHECK(endpoint.may_hand_over_password() == row.verified);
    endpoint.verify = false;
    CHECK(endpoint.may_hand_over_password() == row.unverified);
    // Whoever is behind a proxy is somewhere else; TLS goes through it.
    endpoint.verify = true;
    for (const char* proxy : {"http://127.0.0.1:3128", "env"}) {
      endpoint.proxy = proxy;
      CHECK(endpoint.may_hand_over_password() == (row.verified && !row.unverified));
    }
    endpoint.proxy.clear();
    endpoint.connect_to.clear();
    endpoint.unix_socket = "/run/x";
    CHECK(endpoint.may_hand_over_password());
  }
}

TEST_CASE("a redirect takes secrets to the server they are for, and to no other") {
  http::Endpoint from;
  from.headers = {"X-Token: geheim"};
  from.credentials = Credentials{"joe", "geheim"};
  from.cert_file = from.key_file = "/pem";
  from.connect_to = "192.0.2.7";
  const struct {
    const char* from;
    const char* to;
    bool same_server, same_host;
  } table[]{
      {"http://web1/a", "http://web1/b", true, true},
      {"http://web1/a", "http://WEB1:80/b", true, true},
      {"http://web1:80/a", "https://web1/b", true, true},
      {"HTTPS://web1/a", "https://web1:443/b", true, true},
      {"https://web1/a", "http://web1/b", false, true},
      {"http://web1/a", "http://web1:8080/b", false, true},
      {"http://web1:8080/a", "https://web1/b", false, true},
      {"http://web1/a", "https://web1:8443/b", false, true},
      {"http://web1/a", "http://web2/b", false, false},
      {"http://web1/a", "http://web1.evil.example/b", false, false},
      {"http://web1/a", "http://web1@evil.example/b", false, false},
      {"http://[::1]:80/a", "http://[::1]/b", true, true},
      {"http://[::1]/a", "http://[::2]/b", false, false},
      {"http://web1?auto", "http://web1#x", true, true},
  };
  for (const auto& row : table) {
    INFO(row.from << " to " << row.to);
    from.url = row.from;
    const http::Endpoint to = http::redirected(from, row.to);
    CHECK(to.url == row.to);
    CHECK(to.credentials.has_value() == row.same_server);
    CHECK(to.headers.empty() != row.same_server);
    CHECK(to.cert_file.empty() != row.same_server);
    CHECK(to.key_file.empty() != row.same_server);
    CHECK(to.connect_to.empty() != row.same_host);
  }
}
