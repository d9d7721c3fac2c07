#include "evenkeel/fan_out.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <future>
#include <system_error>

#include "evenkeel/local_limits.h"

using namespace evenkeel;
using namespace std::chrono_literals;

TEST_CASE("results have the order of their targets, and the number at work is bounded") {
  struct Count {
    std::mutex mutex;
    std::condition_variable changed;
    int now = 0;
    int most = 0;
  };
  auto count = std::make_shared<Count>();
  const auto outcomes = fan_out<int>(6, 2, Deadline::after(60s), [count](std::size_t i, Trace&) {
    std::unique_lock lock(count->mutex);
    count->most = std::max(count->most, ++count->now);
    count->changed.notify_all();
    // Time enough for a third one to come, if it may.
    count->changed.wait_for(lock, 50ms, [&] { return count->now > 2; });
    --count->now;
    return static_cast<int>(i) * 10;
  });
  REQUIRE(outcomes.size() == 6);
  for (std::size_t i = 0; i < outcomes.size(); ++i) CHECK(outcomes[i].reading == static_cast<int>(i) * 10);
  CHECK(count->most == 2);
}

TEST_CASE("all targets are asked at once where the bound allows it") {
  // Each waits for all the others: this ends only if they run at the same time.
  struct Meeting {
    std::mutex mutex;
    std::condition_variable changed;
    int present = 0;
  };
  auto meeting = std::make_shared<Meeting>();
  const auto outcomes = fan_out<bool>(8, 8, Deadline::after(20s), [meeting](std::size_t, Trace&) {
    std::unique_lock lock(meeting->mutex);
    ++meeting->present;
    meeting->changed.notify_all();
    return meeting->changed.wait_for(lock, 15s, [&] { return meeting->present == 8; });
  });
  for (const auto& outcome : outcomes) CHECK(outcome.reading == true);
}

TEST_CASE("one target's error is its own") {
  const auto outcomes = fan_out<int>(4, 4, Deadline::after(20s), [](std::size_t i, Trace& trace) -> int {
    trace.begin("step " + std::to_string(i));
    if (i == 1) throw Error(Fault::denied, "no entry");
    if (i == 2) throw std::runtime_error("oops");
    if (i == 3) throw 7;
    return 5;
  });
  CHECK(outcomes[0].reading == 5);
  CHECK(outcomes[0].steps.at(0).what == "step 0");
  CHECK(outcomes[1].error->fault() == Fault::denied);
  CHECK(std::string(outcomes[2].error->what()) == "internal error: oops");
  CHECK(outcomes[3].error->fault() == Fault::internal);
}

TEST_CASE("a statement has words for line 1; -vvv has the statement, also the one that got no answer") {
  Trace trace;
  CHECK(trace.current().empty());
  trace.begin("connecting to db1:3306");
  CHECK(trace.current() == "connecting to db1:3306");
  trace.begin("SHOW REPLICA STATUS on db1:3306", "reading the replication status");
  CHECK(trace.current() == "reading the replication status");
  const std::vector<Trace::Step> waiting = trace.steps();
  REQUIRE(waiting.size() == 2);
  CHECK(waiting[0].finished);
  CHECK_FALSE(waiting[1].finished);
  CHECK_THAT(waiting[1].text(), Catch::StartsWith("SHOW REPLICA STATUS on db1:3306: not finished after ") &&
                                    Catch::EndsWith(" ms"));
  trace.begin("waiting");
  CHECK(trace.current() == "waiting");
  trace.end();
  CHECK(trace.current().empty());
  REQUIRE(trace.steps().size() == 3);
  CHECK_THAT(trace.steps()[1].text(),
             Catch::StartsWith("SHOW REPLICA STATUS on db1:3306: ") && !Catch::Contains("not finished"));
}

TEST_CASE("a thread that cannot start names the limit, whichever libstdc++ threw the error") {
  // A plugin that is linked to a libstdc++ of its own throws a category of its own.
  struct Foreign : std::error_category {
    explicit Foreign(const char* given) : name_(given) {}
    const char* name() const noexcept override { return name_; }
    std::string message(int) const override { return "Resource temporarily unavailable"; }
    const char* name_;
  };
  static const Foreign generic("generic"), system("system"), other("future");
  const auto said = [](const std::error_category& category, int number) {
    const Error error =
        detail::error_from(std::make_exception_ptr(std::system_error(std::error_code(number, category))));
    CHECK(error.fault() == Fault::internal);
    return std::string(error.what());
  };
  for (const auto* category :
       {&std::generic_category(), &std::system_category(), static_cast<const std::error_category*>(&generic),
        static_cast<const std::error_category*>(&system)})
    CHECK(said(*category, EAGAIN) == thread_limit_text());
  CHECK(said(other, EAGAIN) == "internal error: Resource temporarily unavailable");
  CHECK(said(generic, EINVAL) == "internal error: Resource temporarily unavailable");
}

TEST_CASE("what hangs becomes a time-out that names its step; what is done is kept") {
  auto release = std::make_shared<std::promise<void>>();
  auto ended = std::make_shared<std::atomic<int>>(0);
  auto gate = std::make_shared<std::shared_future<void>>(release->get_future().share());
  const auto outcomes =
      fan_out<int>(3, 2, Deadline::after(300ms), [gate, ended](std::size_t i, Trace& trace) {
        trace.begin("connecting to db" + std::to_string(i));
        if (i != 0) gate->wait();
        ++*ended;
        return 1;
      });
  CHECK(outcomes[0].reading == 1);
  for (const std::size_t i : {1u, 2u}) {
    REQUIRE(outcomes[i].error);
    CHECK(outcomes[i].error->fault() == Fault::timeout);
    CHECK(std::string(outcomes[i].error->what()) == "timed out: connecting to db" + std::to_string(i));
  }
  CHECK(has_stuck_threads());
  release->set_value();
  while (*ended < 3) std::this_thread::yield();
}

TEST_CASE("who has sent too much by the deadline is no silent one, whether or not that was reported") {
  auto stop = std::make_shared<std::promise<void>>();
  auto stopped = std::make_shared<std::shared_future<void>>(stop->get_future().share());
  // Time enough for both to begin, also on a busy machine.
  const auto outcomes = fan_out<int>(2, 2, Deadline::after(1s), [stopped](std::size_t i, Trace& trace) {
    trace.begin("an earlier step");
    trace.mark_too_much();
    trace.begin("SHOW REPLICA STATUS");
    if (i == 1) trace.mark_too_much();
    stopped->wait();
    return 0;
  });
  CHECK(outcomes[0].error->fault() == Fault::timeout);
  CHECK(outcomes[1].error->fault() == Fault::protocol);
  CHECK(std::string(outcomes[1].error->what()) ==
        "SHOW REPLICA STATUS: the server sends more than we will read");
  stop->set_value();
}

TEST_CASE("targets that hang hide none of those that come after them") {
  auto release = std::make_shared<std::promise<void>>();
  auto ended = std::make_shared<std::atomic<int>>(0);
  auto gate = std::make_shared<std::shared_future<void>>(release->get_future().share());
  const auto outcomes =
      fan_out<int>(7, 3, Deadline::after(900ms), [gate, ended](std::size_t i, Trace& trace) {
        trace.begin("connecting to db" + std::to_string(i));
        if (i < 5) gate->wait();
        ++*ended;
        return 1;
      });
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(std::string(outcomes[i].error->what()) == "timed out: connecting to db" + std::to_string(i));
  CHECK(outcomes[5].reading == 1);
  CHECK(outcomes[6].reading == 1);
  release->set_value();
  while (*ended < 7) std::this_thread::yield();
}

TEST_CASE("a target whose turn never came is a time-out as well") {
  const auto outcomes = fan_out<int>(3, 1, Deadline::after(0s), [](std::size_t, Trace&) { return 1; });
  for (const auto& outcome : outcomes) {
    REQUIRE(outcome.error);
    CHECK(std::string(outcome.error->what()) == "no time was left to ask it");
  }
}
