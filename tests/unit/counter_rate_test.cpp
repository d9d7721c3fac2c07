#include "evenkeel/counter_rate.h"

#include <catch2/catch.hpp>
#include <cmath>

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
      {"whole seconds are no restart", sample(0, 10, {{"n", 5}}), sample(0.9, 10, {{"n", 9}}),
       Continuity::unbroken},
      {"another start time", sample(0, 10, {{"n", 5}}, "13:18:47"), sample(60, 50, {{"n", 9}}, "13:19:07"),
       Continuity::restarted},
      {"a clock that was set back", sample(0, 10, {{"n", 5}}, "Monday"),
       sample(300, 200, {{"n", 9}}, "Monday"), Continuity::out_of_step},
      {"counters fell", sample(0, 100, {{"n", 5}}), sample(60, 160, {{"n", 4}}), Continuity::reset},
      {"one of several fell", sample(0, 100, {{"a", 5}, {"b", 5}}), sample(60, 160, {{"a", 6}, {"b", 4}}),
       Continuity::reset},
      {"no uptime known", sample(0, {}, {{"n", 5}}), sample(60, {}, {{"n", 9}}), Continuity::uncertain},
      {"no uptime known, it stands still", sample(0, {}, {{"n", 5}}), sample(60, {}, {{"n", 5}}),
       Continuity::uncertain},
      {"one uptime known", sample(0, 100, {{"n", 5}}), sample(60, {}, {{"n", 9}}),
       Continuity::another_server},
      {"the other uptime known", sample(0, {}, {{"n", 5}}), sample(60, 160, {{"n", 9}}),
       Continuity::another_server},
      {"no uptime known, another start", sample(0, {}, {{"n", 5}}, "Monday"),
       sample(60, {}, {{"n", 9}}, "Tuesday"), Continuity::uncertain},
      {"a counter that is gone", sample(0, 100, {{"n", 5}}), sample(60, 160, {}), Continuity::unbroken},
      {"it restarts for ever, and looks alike each time", sample(0, 5, {{"n", 5}}, "13:18:47"),
       sample(60, 5, {{"n", 5}}, "13:19:47"), Continuity::restarted},
      {"an idle one that restarts does not even count", sample(0, 5, {{"n", 5}}), sample(60, 5, {{"n", 6}}),
       Continuity::restarted},
  };
  for (const auto& row : table) {
    INFO(row.what);
    CHECK(continuity(row.before, row.now) == row.expected);
  }
}

TEST_CASE("a continuous uptime wins over the words for the start") {
  const std::pair<const char*, const char*> alike[]{
      {"Sunday, 22-Nov-2026 13:18:47 UTC", "Sunday, 22-Nov-2026 13:18:47 UTC"},
      {"Sunday, 22-Nov-2026 13:18:47 UTC", "Sonntag, 22-Nov-2026 13:18:47 UTC"},
      {"Sunday, 22-Nov-2026 13:18:47 UTC", "dimanche, 22-nov.-2026 13:18:47 UTC"},
      {"Sunday, 22-Nov-2026 13:18:47 UTC", "Sunday, 22-Nov-2026 14:18:47 CET"},
      {"Sunday, 22-Nov-2026 23:18:47 UTC", "Monday, 23-Nov-2026 05:03:47 +0545"},
      {"Sunday", "Sonntag"},
      {"", "Sunday"},
  };
  for (const auto& [one, other] : alike) {
    INFO(one << " and " << other);
    CHECK(continuity(sample(0, 100, {{"n", 5}}, one), sample(60, 160, {{"n", 9}}, other)) ==
          Continuity::unbroken);
    CHECK(continuity(sample(0, 100, {{"n", 5}}, other), sample(60, 160, {{"n", 9}}, one)) ==
          Continuity::unbroken);
  }
}

// Every pair of samples: how much uptime grew against the time between, start, words, counters.
TEST_CASE("a rate is of one server and of a page that is alive, whatever the two samples are") {
  const double elapsed = GENERATE(0.3, 1.0, 5.0, 60.0, 300.0, 900.0);
  const double up_before = GENERATE(0.0, 7.0, 100000.0);
  const double off = GENERATE(-1e6, -900.0, -300.0, -60.0, -30.0, -13.0, -1.0, 0.0, 1.0, 13.0, 60.0, 5000.0);
  const int start = GENERATE(0, 1, 2, 3);  // the same, another, in another language, not told
  const int words = GENERATE(0, 1, 2);     // the same, others, others after a reload
  const std::uint64_t counted = GENERATE(4u, 5u, 9u);
  const double up_now = std::floor(up_before + elapsed + off);
  if (up_now < 0) return;

  const char* const starts[]{"Sunday, 22-Nov-2026 13:18:47 UTC", "Sunday, 22-Nov-2026 13:18:48 UTC",
                             "Sonntag, 22-Nov-2026 13:18:47 UTC", ""};
  CounterSample before = sample(0, up_before, {{"n", 5}}, start == 3 ? "" : starts[0]);
  CounterSample now = sample(elapsed, up_now, {{"n", counted}}, starts[start]);
  before.server = "Apache/2.4.57";
  now.server = words == 0 ? before.server : "Apache/2.4.57 OpenSSL/3.0";
  before.generation = 1;
  now.generation = words == 2 ? 2 : 1;
  const Continuity found = continuity(before, now);

  CAPTURE(elapsed, up_before, up_now, start, words, counted, static_cast<int>(found));
  const bool of_one_life = start != 1 && words != 1;
  const double gap = up_now - up_before - elapsed;
  const bool in_step = up_now >= up_before && std::abs(gap) <= 1;
  if (of_one_life && in_step)
    CHECK(found == (counted < 5 ? Continuity::reset : Continuity::unbroken));
  else
    CHECK((found != Continuity::unbroken || (of_one_life && std::abs(gap) <= 1.5 + elapsed / 100)));
  // One that was up before the earlier sample did not start after it.
  if (found == Continuity::restarted) CHECK(up_now <= elapsed * 1.01 + 0.5);
  if (start == 1) CHECK((found == Continuity::restarted || found == Continuity::another_server));
  if (start == 0 && words == 0 && !in_step && std::abs(gap) > 2 + elapsed / 100)
    CHECK(found == (up_now == up_before ? Continuity::standing_still : Continuity::out_of_step));
}

TEST_CASE("two servers") {
  CounterSample one = sample(0, 100, {{"n", 5}}, "13:18:47");
  const struct {
    const char* what;
    double uptime;
    const char* started;
  } table[]{
      {"started a second after the other", 159, "13:18:48"},
      {"a second before it", 161, "13:18:46"},
      {"started long before", 9000, "10:50:27"},
      {"started a while after", 80, "13:19:07"},
      {"older, and says no start", 90, ""},
  };
  for (const auto& row : table) {
    INFO(row.what);
    CHECK(continuity(one, sample(60, row.uptime, {{"n", 9}}, row.started)) == Continuity::another_server);
  }
  one.generation = 7;
  CounterSample other = sample(60, 160, {{"n", 9}}, "13:18:47");
  other.generation = 6;
  CHECK(continuity(one, other) == Continuity::another_server);
}

TEST_CASE("an answer that took its time may be of any moment of it") {
  CounterSample before = sample(2.5, 100, {{"n", 5}});
  const CounterSample now = sample(5.2, 100, {{"n", 9}});
  CHECK(continuity(before, now) != Continuity::unbroken);
  before.slack = 2.5;
  CHECK(continuity(before, now) == Continuity::unbroken);
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

TEST_CASE("slow answers: the server's whole seconds bound what the local clock says") {
  const struct {
    double slack, server, expected;
  } table[]{{0.1, 9, 5}, {2.5, 9, 8}, {2.5, 5, 5}, {2.5, 4, 5}, {2.5, 2, 3}, {2.5, 0, 1}};
  for (const auto& row : table) {
    CAPTURE(row.slack, row.server);
    CounterSample before = sample(0, 1000, {{"n", 0}});
    CounterSample now = sample(5, 1000 + row.server, {{"n", 600}});
    before.slack = now.slack = row.slack;
    CHECK(CounterGrowth(before, now).seconds() == Approx(row.expected));
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
