#include <catch2/catch.hpp>
#include <vector>

#include "one_process.h"

using namespace evenkeel;
using namespace evenkeel::cache;

namespace {

// A process as it tells of itself at a moment: by a clock of ours, and by one of its own.
struct Process {
  std::string pid = "7";
  double started = 0;  // by our clock
  std::string version = "1.6.18";
  bool tells_pid = true, tells_time = true, tells_uptime = true;
};

// `lag`: how late the server's clock is, which ticks once a second.
CounterSample sample_of(const Process& process, double at, std::uint64_t count, double paused = 0,
                        double lag = 0) {
  ServerStatistics statistics;
  statistics.version = process.version;
  if (process.tells_pid) statistics.pid = process.pid;
  const double uptime = std::floor(std::max(0.0, at - process.started - paused - lag)) + 2;
  if (process.tells_uptime) statistics.uptime = uptime;
  // memcached adds its uptime to when it was started.
  if (process.tells_time) statistics.started = static_cast<std::int64_t>(1'700'000'000 + process.started - 2);
  CounterSample sample;
  sample.taken = Deadline::Clock::time_point() +
                 std::chrono::duration_cast<Deadline::Clock::duration>(std::chrono::duration<double>(at));
  sample.uptime = statistics.uptime;
  sample.started = process_text(statistics);
  sample.counters = {{"cmd_get", count}, {"get_hits", count}};
  return sample;
}

constexpr double first_sample = 100'000;
const std::vector<double> times_between{0.01, 0.5, 1, 1.5, 2, 5, 60, 300.4, 3600, 86400};

}  // namespace

TEST_CASE("one server goes on, however its clock ticks") {
  for (const double between : times_between)
    for (const double age : {0.0, 1.0, 10.0, 3600.0, 1e5})
      for (const double lag : {0.0, 0.3, 0.99, 1.2})
        for (const double later_lag : {0.0, 0.3, 0.99, 1.2})
          for (const bool tells : {true, false}) {
            Process server;
            server.started = first_sample - age;
            server.tells_pid = server.tells_time = tells;
            INFO(between << " s, age " << age << ", lags " << lag << " and " << later_lag);
            const CounterSample before = sample_of(server, first_sample, 10, 0, lag);
            const double at = first_sample + between;
            CHECK(one_process(before, sample_of(server, at, 10, 0, later_lag)) == Continuity::unbroken);
            CHECK(one_process(before, sample_of(server, at, 90, 0, later_lag)) == Continuity::unbroken);
            CHECK(one_process(before, sample_of(server, at, 9, 0, later_lag)) == Continuity::reset);
          }
}

// Every pair: of two servers that were both there at the first sample there is never a rate.
TEST_CASE("of two servers there is no rate") {
  for (const double between : times_between)
    for (const double age : {10.0, 600.0, 1e5})
      for (const double other_age : {8.0, 30.0, 605.0, 7200.0, 1e5, 99'990.0})
        for (const bool same_pid : {true, false})
          for (const bool tells_pid : {true, false})
            for (const bool tells_time : {true, false})
              for (const std::uint64_t count : {0u, 100u, 101u, 100'000u}) {
                Process one, other;
                one.started = first_sample - age;
                other.started = first_sample - other_age;
                other.pid = same_pid ? one.pid : "8";
                one.tells_pid = other.tells_pid = tells_pid;
                one.tells_time = other.tells_time = tells_time;
                // Without any mark of their own, two that started together cannot be told apart.
                const bool marked = (tells_pid && !same_pid) ||
                                    std::abs(age - other_age) > 6 + between * 0.0005 ||
                                    (tells_time && std::abs(age - other_age) > 1);
                if (!marked) continue;
                INFO(between << " s, ages " << age << " and " << other_age << ", pids " << one.pid << " and "
                             << other.pid << (tells_pid ? "" : ", not told") << ", counter " << count);
                const Continuity found = one_process(sample_of(one, first_sample, 100),
                                                     sample_of(other, first_sample + between, count));
                CHECK(found == Continuity::another_server);
              }
}

TEST_CASE("a restart is no second server") {
  for (const double between : times_between)
    for (const double part : {0.0, 0.3, 0.9})
      for (const bool same_pid : {true, false})  // in a container each is the first process
        for (const bool tells_time : {true, false})
          for (const std::uint64_t count : {0u, 100'000u}) {
            Process before, after;
            before.started = first_sample - 7200;
            after.started = first_sample + between * part;
            after.pid = same_pid ? before.pid : "8";
            before.tells_time = after.tells_time = tells_time;
            INFO(between << " s, after " << part << " of it, " << (same_pid ? "same pid" : "another pid"));
            CHECK(one_process(sample_of(before, first_sample, 100),
                              sample_of(after, first_sample + between, count)) == Continuity::restarted);
          }
}

TEST_CASE("another version at once is another server, and a new one after a restart") {
  Process old, updated;
  old.started = updated.started = first_sample - 600;
  updated.version = "1.6.21";
  CHECK(one_process(sample_of(old, first_sample, 1), sample_of(updated, first_sample + 60, 9)) ==
        Continuity::another_server);
  updated.started = first_sample + 20;
  CHECK(one_process(sample_of(old, first_sample, 1), sample_of(updated, first_sample + 60, 9)) ==
        Continuity::restarted);
}

TEST_CASE("a process that was paused is still one process") {
  for (const double paused : {4.0, 60.0, 4000.0}) {
    INFO(paused);
    Process server;
    server.started = first_sample - 600;
    const CounterSample before = sample_of(server, first_sample, 10);
    CHECK(one_process(before, sample_of(server, first_sample + 5000, 90, paused)) == Continuity::unbroken);
    // One that tells neither pid nor clock may as well be another.
    server.tells_pid = server.tells_time = false;
    CHECK(one_process(sample_of(server, first_sample, 10),
                      sample_of(server, first_sample + 5000, 90, paused)) !=
          (paused > 10 ? Continuity::unbroken : Continuity::reset));
  }
}

TEST_CASE("a relative that rounds two clocks is one process") {
  const auto at = [](double when, std::int64_t started, double uptime) {
    CounterSample sample;
    sample.taken = Deadline::Clock::time_point() + std::chrono::seconds(static_cast<int>(when));
    sample.uptime = uptime;
    sample.started = "7 " + std::to_string(started) + " 9.4.0";
    return sample;
  };
  CHECK(one_process(at(0, 1000, 50), at(60, 1001, 110)) == Continuity::unbroken);
  CHECK(one_process(at(0, 1000, 50), at(60, 999, 110)) == Continuity::unbroken);
  CHECK(one_process(at(0, 1000, 50), at(60, 1002, 110)) == Continuity::another_server);
}

TEST_CASE("CPU time never falls in one process") {
  Process server;
  server.started = first_sample - 600;
  CounterSample before = sample_of(server, first_sample, 10);
  CounterSample now = sample_of(server, first_sample + 60, 90);
  before.counters[cpu_counter] = 5000;
  now.counters[cpu_counter] = 4000;
  CHECK(one_process(before, now) == Continuity::another_server);
  now.counters[cpu_counter] = 5000;
  CHECK(one_process(before, now) == Continuity::unbroken);
}

TEST_CASE("what may fall in a relative is no reset") {
  Process server;
  server.started = first_sample - 600;
  CounterSample before = sample_of(server, first_sample, 10);
  CounterSample now = sample_of(server, first_sample + 60, 90);
  before.counters["total_connections"] = 5;
  now.counters["total_connections"] = 4;
  CHECK(one_process(before, now) == Continuity::unbroken);
}

// The server reads its clock at some moment while we wait; the sample is taken when the answer has come.
TEST_CASE("an answer that took long is no second server") {
  for (const double waited : {0.0, 5.0, 9.0})
    for (const double waited_later : {0.0, 5.0, 9.0}) {
      INFO(waited << " s, then " << waited_later);
      Process server;
      server.tells_pid = server.tells_time = false;
      server.started = first_sample - 600;
      CounterSample before = sample_of(server, first_sample, 10, 0, waited);
      CounterSample now = sample_of(server, first_sample + 60, 90, 0, waited_later);
      before.slack = waited;
      now.slack = waited_later;
      CHECK(one_process(before, now) == Continuity::unbroken);
    }
}
