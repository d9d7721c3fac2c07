#include <catch2/catch.hpp>

#include "evenkeel/render.h"
#include "judge.h"
#include "options.h"

using namespace evenkeel;
using namespace evenkeel::apache;

namespace {

CounterSample sample(double at, std::uint64_t accesses, std::uint64_t kilobytes, std::uint64_t milliseconds,
                     std::uint64_t own = 1) {
  CounterSample result;
  result.taken = Deadline::Clock::time_point() +
                 std::chrono::duration_cast<Deadline::Clock::duration>(std::chrono::duration<double>(at));
  result.counters = {
      {accesses_counter, accesses}, {kilobytes_counter, kilobytes}, {duration_counter, milliseconds}};
  result.own = own;
  return result;
}

ServerReading serving(std::uint64_t requests, std::uint64_t kilobytes = 0, std::uint64_t milliseconds = 0) {
  ServerReading reading;
  reading.status.accesses = requests;
  reading.status.uptime = 90;
  reading.status.version = "Apache/2.4.71";
  reading.status.scoreboard = {3, 5, 8};
  reading.page_bytes = 1024;
  reading.growth.emplace(sample(0, 0, 0, 0), sample(10, requests + 1, kilobytes, milliseconds));
  return reading;
}

ServerReading without_duration(std::uint64_t requests) {
  ServerReading reading = serving(requests);
  CounterSample before = sample(0, 0, 0, 0);
  CounterSample now = sample(10, requests + 1, 0, 0);
  before.counters.erase(duration_counter);
  now.counters.erase(duration_counter);
  reading.growth.emplace(before, now);
  return reading;
}

ServerReading without_counters() {
  ServerReading reading;
  reading.status.scoreboard = {3, 5, 8};
  return reading;
}

std::string line(const std::vector<Target>& targets, const std::vector<std::string>& warning = {},
                 const std::vector<std::string>& critical = {}) {
  Limits limits(description().labels);
  limits.apply(Limits::Level::warning, "-w", warning);
  limits.apply(Limits::Level::critical, "-c", critical);
  const Report report = judge(targets, limits, Status::critical);
  const std::string text = render_text("check_apache_rps", report, {});
  return text.substr(0, text.find('\n'));
}

Target target(const char* name, ServerReading reading) { return {name, {std::move(reading), {}, {}}}; }

}  // namespace

TEST_CASE("line 1 of one server") {
  ServerReading unsteady = serving(100);
  unsteady.growth.reset();
  unsteady.unsteady = true;
  ServerReading of_two = unsteady;
  of_two.several_servers = true;
  ServerReading old = unsteady;
  old.page_age = 34;
  ServerReading young = unsteady;
  young.page_age = 0.4;
  ServerReading hit = unsteady;
  hit.cache_hit = "x-cache: HIT";
  ServerReading odd = unsteady;
  odd.within_this_run = Continuity::out_of_step;
  unsteady.within_this_run = Continuity::restarted;
  ServerReading restarted = serving(100);
  restarted.since_last_run = Continuity::restarted;
  const struct {
    std::vector<Target> targets;
    std::vector<std::string> warning, critical;
    const char* expected;
  } table[]{
      {{target("web1", serving(425))},
       {},
       {},
       "OK - web1: 42.5 requests/s, 3 of 16 workers busy | rps=42.5;;;0"},
      {{target("web1", serving(425))},
       {"10:"},
       {"1:40"},
       "CRITICAL - web1: 42.5 requests/s (critical: above 40)"},
      {{target("web1", serving(5))}, {"1:"}, {}, "WARNING - web1: 0.5 requests/s (warning: below 1)"},
      {{target("web1", serving(0))}, {}, {"1:"}, "CRITICAL - web1: 0 requests/s (critical: below 1)"},
      {{target("web1", serving(9))},
       {"busy_percent=10"},
       {},
       "WARNING - web1: 3 of 16 workers busy, 18.75 % (warning: above 10)"},
      {{target("web1", without_counters())},
       {},
       {},
       "UNKNOWN - web1: the server counts no requests, so there is no rate: ExtendedStatus is Off; 3 of 16 "
       "workers busy | busy_workers=3;;;0;16"},
      {{target("web1", unsteady)}, {}, {}, "UNKNOWN - web1: restarted again and again"},
      {{target("web1", of_two)}, {}, {}, "UNKNOWN - web1: several servers answer at this address: no rate"},
      {{target("web1", old)}, {}, {"1:"}, "UNKNOWN - web1: the page is 34 s old: a cache answers: no rate"},
      {{target("web1", young)}, {}, {}, "UNKNOWN - web1: the page is 0.4 s old: a cache answers"},
      {{target("web1", hit)}, {}, {}, "UNKNOWN - web1: a cache answers (x-cache: HIT)"},
      {{target("web1", odd)}, {}, {}, "UNKNOWN - web1: its uptime did not grow with the time"},
      {{target("web1", restarted)},
       {},
       {},
       "OK - web1: 10 requests/s, 3 of 16 workers busy; restarted 90 s ago"},
      {{{"web1", {{}, Error(Fault::timeout, "connecting to web1:80: timed out"), {}}}},
       {},
       {},
       "CRITICAL - web1: connecting to web1:80: timed out"},
  };
  for (const auto& row : table) {
    INFO(row.expected);
    CHECK_THAT(line(row.targets, row.warning, row.critical),
               Catch::StartsWith(std::string("APACHE_RPS ") + row.expected));
  }
}

TEST_CASE("bytes, durations and shares") {
  CHECK_THAT(line({target("web1", serving(100, 1001, 202))}),
             Catch::Contains("bytes_per_second=102400;") && Catch::Contains("request_duration=0.002s;") &&
                 Catch::Contains("busy_percent=18.75%;;;0;100") && Catch::Contains("idle_workers=5;;;0;16") &&
                 Catch::Contains("open_slots=8;;;0;16") && Catch::Contains("uptime=90s"));
  // Without requests but ours there is nothing to take the mean of, and what was sent was our page.
  CHECK_THAT(line({target("web1", serving(0, 2, 7))}),
             Catch::Contains("bytes_per_second=0;") && !Catch::Contains("request_duration"));
}

TEST_CASE("a threshold that no run can judge is no OK") {
  ServerReading telling = serving(0);
  telling.status.duration_ms = 0;
  ServerReading no_uptime = serving(100);
  no_uptime.status.uptime.reset();
  const struct {
    const char* what;
    ServerReading reading;
    const char* warning;
    const char* expected;
  } table[]{
      {"before 2.4.35", without_duration(100), "request_duration=1",
       "UNKNOWN - web1: no value for request_duration: this server does not tell"},
      {"before 2.4.35, no question", without_duration(100), "1000", "OK - web1: 10 requests/s"},
      {"nothing was served", telling, "request_duration=1", "OK - web1: 0 requests/s"},
      {"no uptime", no_uptime,
       "uptime=600:", "UNKNOWN - web1: no value for uptime: this server does not tell"},
      {"ExtendedStatus Off says why itself", without_counters(), "bytes_per_second=5",
       "UNKNOWN - web1: the server counts no requests, so there is no rate: ExtendedStatus is Off; 3 of 16 "
       "workers "
       "busy |"},
  };
  for (const auto& row : table) {
    INFO(row.what);
    CHECK_THAT(line({target("web1", row.reading)}, {row.warning}),
               Catch::StartsWith(std::string("APACHE_RPS ") + row.expected));
  }
}

TEST_CASE("several servers, each judged, and all together") {
  const Target web1 = target("web1", serving(100));
  const Target web2 = target("web2", serving(300));
  const Target down{"web3", {{}, Error(Fault::unreachable, "connecting to web3:80: connection refused"), {}}};
  CHECK_THAT(line({web1, web2}),
             Catch::StartsWith("APACHE_RPS OK - 2 servers serve 40 requests/s | rps_total=40;;;0 "
                               "'rps@web1'=10;;;0"));
  CHECK_THAT(
      line({web1, web2}, {"rps_total=30"}),
      Catch::StartsWith("APACHE_RPS WARNING - all servers together: 40 requests/s (warning: above 30)"));
  CHECK_THAT(line({web1, web2}, {"rps@web2=20"}),
             Catch::StartsWith("APACHE_RPS WARNING - web2: 30 requests/s (warning: above 20)"));
  // A part of the fleet is no total.
  CHECK_THAT(line({web1, down}), Catch::StartsWith("APACHE_RPS CRITICAL - web3: connecting") &&
                                     !Catch::Contains("rps_total") && Catch::Contains("'rps@web1'=10"));
}

TEST_CASE("?auto is added where it is missing") {
  const std::pair<const char*, const char*> table[]{
      {"http://web1/s", "http://web1/s?auto"},
      {"http://web1/s?auto", "http://web1/s?auto"},
      {"http://web1/s?x=1", "http://web1/s?x=1&auto"},
      {"http://web1/s?", "http://web1/s?auto"},
      {"http://web1/s?auto&x=1", "http://web1/s?auto&x=1"},
      {"http://web1/s#top", "http://web1/s?auto"},
  };
  for (const auto& [given, expected] : table) CHECK(with_auto(given) == expected);
}
