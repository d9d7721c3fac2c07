#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "evenkeel/error.h"
#include "fixtures.h"
#include "server_status.h"

using namespace evenkeel;
using namespace evenkeel::apache;

namespace {

std::string page(const std::string& name) { return fixture("apache/" + name); }

http::Answer answer(int status, std::string body = "") {
  http::Answer result;
  result.status = status;
  result.body = std::move(body);
  return result;
}

}  // namespace

TEST_CASE("pages of several versions and MPMs") {
  const struct {
    const char* name;
    std::optional<std::uint64_t> accesses, kilobytes, duration;
    std::optional<double> uptime;
    const char* version;
    const char* mpm;
    std::size_t busy, idle, open;
  } table[]{
      {"2.2_prefork", 5521, 24790, {}, 70814, "", "", 2, 6, 248},
      {"2.4.29_event_while_restarting_gracefully",
       26,
       18,
       {},
       8018,
       "Apache/2.4.29 (Ubuntu)",
       "event",
       9,
       4,
       7},
      {"2.4.71_event_with_proxy_balancer", 20, 9, 0, 1, "Apache/2.4.71 (Debian)", "event", 1, 3, 12},
      {"2.4.71_event_with_ssl_cache", 2, 7, 0, 0, "Apache/2.4.71 (Debian) OpenSSL/3.0.19", "event", 1, 3, 12},
      {"2.4.71_prefork", 20, 9, 7, 0, "Apache/2.4.71 (Debian)", "prefork", 1, 1, 14},
      {"2.4.71_worker", 20, 9, 1, 0, "Apache/2.4.71 (Debian)", "worker", 2, 2, 12},
      {"2.4.71_event_extended_status_off", {}, {}, {}, 0, "Apache/2.4.71 (Debian)", "event", 1, 3, 12},
  };
  for (const auto& row : table) {
    INFO(row.name);
    const ServerStatus status = parse_server_status(page(row.name));
    CHECK(status.accesses == row.accesses);
    CHECK(status.kilobytes == row.kilobytes);
    CHECK(status.duration_ms == row.duration);
    CHECK(status.uptime == row.uptime);
    CHECK(status.version == row.version);
    CHECK(status.mpm == row.mpm);
    CHECK(status.scoreboard.busy == row.busy);
    CHECK(status.scoreboard.idle == row.idle);
    CHECK(status.scoreboard.open == row.open);
  }
}

TEST_CASE("what other modules append is not ours") {
  const std::string whole = page("2.4.71_event_with_ssl_cache");
  const ServerStatus before = parse_server_status(whole);
  const ServerStatus after =
      parse_server_status(whole + "Total Accesses: 99999\nUptime: 5\nScoreboard: WWWW\n");
  CHECK(after.accesses == before.accesses);
  CHECK(after.scoreboard.busy == before.scoreboard.busy);
}

TEST_CASE("the first of two keys counts") {
  CHECK(parse_server_status("Uptime: 7\nBusyWorkers: 1\nUptime: 9\nScoreboard: W\n").uptime == 7.0);
}

TEST_CASE("what is no status page says what it is instead") {
  const std::pair<std::string, const char*> table[]{
      {"", "the page is empty"},
      {" \r\n", "the page is empty"},
      {page("2.4.71_event_html"), "an HTML page"},
      {"\n\n<!DOCTYPE html><title>Log in</title>", "an HTML page"},
      {"hello\n", "is not mod_status' plain text"},
      {"Active connections: 1 \nserver accepts handled requests\n", "but nginx's status page"},
      {"pool:                 www\nprocess manager:      dynamic\n", "but PHP-FPM's status page"},
      {page("lighttpd_1.4"), "but lighttpd's status page"},
      {"Total Accesses: 5\nUptime: 9\n", "cut short"},
      {"Total Accesses: 5\nScoreboard: __W", "cut short"},
      {"Total Accesses: 5\nScoreb", "cut short"},
      {"Total Accesses: x\nScoreboard: W\n", "Total Accesses is no number"},
      {"Total Accesses: -5\nScoreboard: W\n", "Total Accesses is no number"},
      {"Total Accesses: 5\nScoreboard: \n", "the scoreboard is empty"},
      {"Total Accesses: 5\nScoreboard: W_w\n", "the scoreboard holds \"w\""},
      {"Total Accesses: 5\nScoreboard: W_\x01\n", "the scoreboard holds"},
  };
  for (const auto& [text, why] : table) {
    INFO(why);
    CHECK_THROWS_WITH(parse_server_status(text), Catch::Contains(why));
  }
}

TEST_CASE("a value that is left out is not 0") {
  const ServerStatus status = parse_server_status("Total kBytes: n/a\nUptime: n/a\nScoreboard: W_.\n");
  CHECK_FALSE(status.kilobytes);
  CHECK_FALSE(status.uptime);
  CHECK_FALSE(status.accesses);
  CHECK(status.scoreboard.slots() == 3);
}

TEST_CASE("answers that are not 200 with a plain page") {
  http::Answer redirect = answer(302);
  redirect.location = "https://web1/login?token=geheim";
  http::Answer gzip = answer(200, "\x1f\x8b");
  gzip.content_encoding = "gzip";
  const struct {
    http::Answer given;
    Fault fault;
    const char* why;
  } table[]{
      {answer(404), Fault::protocol, "HTTP 404, no such page; is mod_status loaded"},
      {answer(403), Fault::denied, "HTTP 403"},
      {answer(401), Fault::denied, "--auth-file"},
      {answer(400), Fault::protocol, "--ssl"},
      {answer(500), Fault::unreachable, "HTTP 500"},
      {answer(503), Fault::unreachable, "HTTP 503"},
      {answer(204), Fault::protocol, "HTTP 204 instead of a status page"},
      {redirect, Fault::protocol, "HTTP 302, a redirect to https://web1/login instead"},
      {gzip, Fault::protocol, "Content-Encoding gzip"},
      {answer(200), Fault::protocol, "the page is empty"},
  };
  for (const auto& row : table) {
    INFO(row.why);
    try {
      read_answer(row.given, "/server-status");
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.fault() == row.fault);
      CHECK_THAT(error.what(), Catch::StartsWith("/server-status: ") && Catch::Contains(row.why) &&
                                   !Catch::Contains("geheim"));
    }
  }
}
