#include "evenkeel/sample_history.h"

#include <catch2/catch.hpp>

#include "scratch_folder.h"

using namespace evenkeel;

namespace {

SampleHistory::Moment at(double seconds) {
  return SampleHistory::Moment() +
         std::chrono::duration_cast<Deadline::Clock::duration>(std::chrono::duration<double>(seconds));
}

CounterSample taken(double seconds, std::uint64_t value) {
  CounterSample sample;
  sample.taken = at(seconds);
  sample.uptime = seconds;
  sample.started = "Sunday, 22-Nov-2026";
  sample.counters["accesses"] = value;
  sample.own = 1;
  sample.slack = 0.25;
  sample.server = "Apache/2.4.57 (Debian)";
  sample.generation = 3;
  return sample;
}

std::uint64_t value_of(const CounterSample* sample) { return sample ? sample->counters.at("accesses") : 0; }

}  // namespace

TEST_CASE("what is kept comes back, with its age") {
  SampleHistory history;
  history.add(taken(100, 7), 1);
  history.count_own(2);
  history.add(taken(160, 9), 1);
  const std::string text = history.format(at(161));

  const SampleHistory back = SampleHistory::parse(text, 39, at(1000));  // on another machine's clock
  const CounterSample* sample = back.newest();
  REQUIRE(sample != nullptr);
  CHECK(std::chrono::duration<double>(at(1000) - sample->taken).count() == Approx(40));
  CHECK(sample->uptime == 160.0);
  CHECK(sample->started == "Sunday, 22-Nov-2026");
  CHECK(value_of(sample) == 9);
  CHECK(sample->own == 1);
  CHECK(sample->slack == 0.25);
  CHECK(sample->server == "Apache/2.4.57 (Debian)");
  CHECK(sample->generation == 3u);
  const CounterSample* older = back.base(50, 900, at(1000));
  REQUIRE(older != nullptr);
  CHECK(value_of(older) == 7);
  CHECK(older->own == 3);
}

TEST_CASE("the base is the newest that is old enough, and not too old") {
  SampleHistory history;
  history.add(taken(100, 1), 1);
  history.add(taken(160, 2), 1);
  const struct {
    const char* what;
    double youngest, oldest, now;
    std::uint64_t expected;
  } table[]{
      {"both would do", 1, 900, 170, 2},        {"the newer is too young", 30, 900, 170, 1},
      {"exactly old enough", 10, 900, 170, 2},  {"both are too young", 90, 900, 170, 0},
      {"the older is too old", 30, 50, 170, 0}, {"both are too old", 1, 5, 170, 0},
      {"from the future", 0, 900, 50, 0},
  };
  for (const auto& row : table) {
    INFO(row.what);
    CHECK(value_of(history.base(row.youngest, row.oldest, at(row.now))) == row.expected);
  }
}

TEST_CASE("however close together runs are, one sample is old enough") {
  SampleHistory history;
  for (int run = 0; run < 1000; ++run) {
    const double now = 100 + run * 0.1;
    if (run >= 11) {
      REQUIRE(history.base(1, 900, at(now)) != nullptr);
    }
    history.add(taken(now, static_cast<std::uint64_t>(run)), 1);
  }
}

TEST_CASE("a history is kept in the state, and left as it is where there is nothing to change") {
  const ScratchFolder folder;
  StateStore state("check_x", folder.path());
  const auto now = Deadline::Clock::now();
  count_own_of_failed_run(state, "c1", 1);
  CHECK_FALSE(state.load("c1"));  // no run before it

  const auto value_before = [&](bool keep, std::uint64_t value) {
    std::uint64_t before = 0;
    update_history(state, "c1", [&](SampleHistory& history) {
      before = value_of(history.newest());
      CounterSample sample = taken(0, value);
      sample.taken = now - std::chrono::seconds(100 - static_cast<int>(value));
      history.add(sample, 0);
      return keep;
    });
    return before;
  };
  CHECK(value_before(true, 7) == 0);
  CHECK(value_before(false, 8) == 7);
  CHECK(value_before(true, 9) == 7);
  count_own_of_failed_run(state, "c1", 4);
  update_history(state, "c1", [](SampleHistory& history) {
    CHECK(value_of(history.newest()) == 9);
    CHECK(history.newest()->own == 5);
    return false;
  });
  state.save("c1", "garbage");
  CHECK(value_before(true, 10) == 0);
}

TEST_CASE("each service finds its own samples, and a new one the newest of any") {
  SampleHistory history;
  const auto take = [&](const char* taker, double seconds, std::uint64_t value) {
    CounterSample sample = taken(seconds, value);
    sample.taker = taker;
    history.count_own(1);
    history.add(sample, 1);
  };
  take("a", 100, 1);
  take("b", 160, 2);
  take("a", 400, 3);
  take("", 450, 4);
  take("a", 459.5, 5);
  take("a", 459.7, 6);  // too soon after the one before
  const SampleHistory back = SampleHistory::parse(history.format(at(460)), 0, at(460));
  const struct {
    const char* taker;
    double youngest, oldest;
    std::uint64_t expected, own;
  } table[]{
      {"a", 0, 900, 5, 2},  {"a", 1, 900, 3, 4},   {"b", 1, 900, 2, 5}, {"", 1, 900, 4, 3},
      {"c", 1, 900, 4, 3},  {"c", 0, 900, 5, 2},   {"b", 1, 200, 4, 3}, {"a", 1, 50, 4, 3},
      {"c", 20, 900, 3, 4}, {"a", 100, 200, 0, 0},
  };
  for (const auto& row : table) {
    INFO(row.taker << " from " << row.youngest << " to " << row.oldest);
    const CounterSample* base = back.base(row.youngest, row.oldest, at(460), row.taker);
    CHECK(value_of(base) == row.expected);
    if (base) CHECK(base->own == row.own);
  }
  CHECK(back.age_of_last(at(460), "b") == Approx(300));
  CHECK(back.age_of_last(at(460), "c") == Approx(0.5));
  CHECK(SampleHistory().age_of_last(at(460), "a") == 0);
}

TEST_CASE("of samples there are only so many, those of the last to ask are kept") {
  SampleHistory history;
  for (int run = 0; run < 100; ++run) {
    CounterSample sample = taken(run, static_cast<std::uint64_t>(run));
    sample.taker = std::to_string(run);
    history.add(sample, 1);
  }
  const SampleHistory back = SampleHistory::parse(history.format(at(100)), 0, at(100));
  CHECK(value_of(back.base(1, 900, at(100), "36")) == 36);
  CHECK(value_of(back.base(1, 900, at(100), "35")) == 99);
}

TEST_CASE("garbage is an empty history") {
  const char* table[]{
      "nonsense",
      "accesses 5\n",
      "taken\n",
      "taken x 0 1 - 1 \n",
      "taken 1 x 1 - 1 \n",
      "taken 1 -1 1 - 1 \n",
      "taken 1 1e300 1 - 1 \n",
      "sample 1 1 1 - s\naccesses 5\n",
      "= Apache\n",
      "taken -5 0 1 - 1 \naccesses 1\n",
      "taken 1 0 x - 1 \n",
      "taken 1 0 1 x 1 \n",
      "taken 1 0 1 - -1 \n",
      "taken 1e300 0 1 - 1 \n",
      "taken 1 0 1 - 1 - s\naccesses\n",
      "taken 1 0 1 - 1 - s\naccesses -1\n",
      "taken 1 0 1 - 1 - s\n 1\n",
  };
  for (const char* text : table) {
    INFO(text);
    CHECK(SampleHistory::parse(text, 1, at(100)).newest() == nullptr);
  }
  CHECK(SampleHistory::parse("", 1, at(100)).newest() == nullptr);
  std::string too_many;
  for (std::size_t i = 0; i < SampleHistory::max_samples; ++i) too_many += "taken 1 0 1 - 1 - s\n";
  CHECK(SampleHistory::parse(too_many, 1, at(100)).newest() != nullptr);
  CHECK(SampleHistory::parse(too_many + "taken 1 0 1 - 1 - s\n", 1, at(100)).newest() == nullptr);
  CHECK(SampleHistory::parse("taken 1 0 - - 1 - \naccesses 5\n", 1, at(100)).newest() != nullptr);
}

TEST_CASE("a server's words cannot add a line") {
  CounterSample sample = taken(100, 5);
  sample.started = "x\naccesses 99";
  sample.server = "y\naccesses 99";
  SampleHistory history;
  history.add(sample, 1);
  const SampleHistory back = SampleHistory::parse(history.format(at(101)), 0, at(101));
  CHECK(value_of(back.newest()) == 5);
}
