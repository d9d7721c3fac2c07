#include "evenkeel/counter_rate.h"

#include <catch2/catch.hpp>

using namespace evenkeel;

namespace {

using Counters = std::map<std::string, std::uint64_t, std::less<>>;

CounterSample sample(double at, std::optional<double> uptime, Counters counters, std::string started = "") {
  CounterSample result;
  result.taken = Deadline::Clock::time_point() +
                 std::chrono::duration_cast<Deadline::Clock::duration>(std::chrono::duration<double>(at));
  result.uptime = uptime;
  result.started = std::move(started);
  result.counters = std::move(counters);
  return result;
}

}  // namespace

TEST_CASE("whether the server lived through the time between two samples") {
  const struct {
    const char* what;
    CounterSample before, now;
    Continuity expected;
  } table[]{
      {"it counts on", sample(0, 100, {{"n", 5}}), sample(60, 160, {{"n", 9}}), Continuity::unbroken},
      {"nothing happened", sample(0, 100, {{"n", 5}}), sample(60, 160, {{"n", 5}}), Continuity::unbroken},
      {"uptime fell", sample(0, 100, {{"n", 5}}), sample(60, 40, {{"n", 9}}), Continuity::restarted},
      {"uptime shorter than the time between", sample(0, 10, {{"n", 5}}), sample(300, 200, {{"n", 9}}),
       Continuity::restarted},
      {"whole seconds are no restart", sample(0, 10, {{"n", 5}}), sample(11.9, 10, {{"n", 9}}),
       Continuity::unbroken},
      {"another start time", sample(0, 10, {{"n", 5}}, "Monday"), sample(60, 70, {{"n", 9}}, "Tuesday"),
       Continuity::restarted},
      {"the same start time beats a paused clock", sample(0, 10, {{"n", 5}}, "Monday"),
       sample(300, 200, {{"n", 9}}, "Monday"), Continuity::unbroken},
      {"counters fell", sample(0, 100, {{"n", 5}}), sample(60, 160, {{"n", 4}}), Continuity::reset},
      {"one of several fell", sample(0, 100, {{"a", 5}, {"b", 5}}), sample(60, 160, {{"a", 6}, {"b", 4}}),
       Continuity::reset},
      {"no uptime known", sample(0, {}, {{"n", 5}}), sample(60, {}, {{"n", 9}}), Continuity::unbroken},
      {"a counter that is gone", sample(0, 100, {{"n", 5}}), sample(60, 160, {}), Continuity::unbroken},
  };
  for (const auto& row : table) {
    INFO(row.what);
    CHECK(continuity(row.before, row.now) == row.expected);
  }
}

TEST_CASE("which clock divides") {
  const struct {
    const char* what;
    double local, server, expected;
    RateClock clock;
  } table[]{
      {"near samples: whole seconds are too coarse", 1.5, 2, 1.5, RateClock::local},
      {"just below a minute", 59.5, 60, 59.5, RateClock::local},
      {"a minute and more", 60.4, 60, 60, RateClock::server},
      {"five minutes", 300.7, 300, 300, RateClock::server},
      {"whole seconds, and an answer that took its time", 60.1, 62, 62, RateClock::server},
      {"the server's clock was set back in between", 300, 20, 300, RateClock::local},
      {"set back by less", 300, 200, 300, RateClock::local},
      {"set forward", 300, 3900, 300, RateClock::local},
  };
  for (const auto& row : table) {
    INFO(row.what);
    const CounterGrowth growth(sample(0, 1000, {{"n", 0}}, "Monday"),
                               sample(row.local, 1000 + row.server, {{"n", 600}}, "Monday"));
    CHECK(growth.seconds() == Approx(row.expected));
    CHECK(growth.clock() == row.clock);
    CHECK(*growth.per_second("n") == Approx(600 / row.expected));
  }
}

TEST_CASE("growth of what both samples have") {
  CounterSample before = sample(0, 100, {{"n", 5}, {"gone", 1}});
  before.own = 3;
  const CounterGrowth growth(before, sample(10, 110, {{"n", 25}, {"fresh", 7}}));
  CHECK(growth.of("n") == 20.0);
  CHECK(growth.per_second("n") == 2.0);
  CHECK_FALSE(growth.of("gone"));
  CHECK_FALSE(growth.of("fresh"));
  CHECK(growth.own() == 3);
}

TEST_CASE("no time between is no rate") {
  const CounterGrowth growth(sample(5, 100, {{"n", 5}}), sample(5, 100, {{"n", 9}}));
  CHECK(growth.of("n") == 4.0);
  CHECK_FALSE(growth.per_second("n"));
}

TEST_CASE("the largest counter there is") {
  const CounterGrowth growth(sample(0, 1, {{"n", 0}}), sample(1, 2, {{"n", UINT64_MAX}}));
  CHECK(*growth.of("n") == Approx(1.8446744073709552e19));
}
