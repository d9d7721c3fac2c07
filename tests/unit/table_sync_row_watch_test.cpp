#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "row_watch.h"

using namespace evenkeel::table_sync;
using Verdict = RowWatch::Verdict;

namespace {

// "ab": what the two servers show; '-' is no row.
RowSight sight_of(const std::string& shown) {
  RowSight sight;
  for (const char c : shown)
    sight.push_back(c == '-' ? std::nullopt : std::optional<std::string>(std::string(1, c)));
  return sight;
}

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::open:
      return "open";
    case Verdict::equal:
      return "equal";
    case Verdict::drift:
      return "drift";
    case Verdict::moving:
      return "moving";
  }
  return "";
}

// The verdict after the last of the sights, one per second; any earlier verdict but "open" ends it.
std::string verdict_of(const std::vector<std::string>& sights, const ConfirmRules& rules) {
  RowWatch watch;
  Verdict verdict = Verdict::open;
  for (std::size_t i = 0; i < sights.size() && verdict == Verdict::open; ++i)
    verdict = watch.see(sight_of(sights[i]), {0, 1}, rules, static_cast<double>(i));
  return name(verdict);
}

}  // namespace

TEST_CASE("What a row turns out to be") {
  struct Case {
    const char* what;
    std::vector<std::string> sights;
    ConfirmRules rules;
    const char* verdict;
  };
  const ConfirmRules quick{.rounds = 2, .hold = 0, .patience = 3};
  const ConfirmRules slow{.rounds = 2, .hold = 4, .patience = 4};
  const std::vector<Case> cases{
      {"in flight", {"ba", "bb"}, quick, "equal"},
      {"in flight, seen twice", {"ba", "ba", "bb"}, quick, "equal"},
      {"a row not there yet", {"b-", "bb"}, quick, "equal"},
      {"gone on both", {"b-", "--"}, quick, "equal"},
      {"holds still and differs", {"ba", "ba", "ba"}, quick, "drift"},
      {"missing", {"b-", "b-", "b-"}, quick, "drift"},
      {"extra", {"-b", "-b", "-b"}, quick, "drift"},
      {"one round too few", {"ba", "ba"}, quick, "open"},
      {"the source changes", {"ba", "ca", "da"}, quick, "open"},
      {"the replica changes", {"ba", "bc", "bd"}, quick, "open"},
      {"toggles, caught every time but once", {"ba", "ba", "ab", "ba", "ba"}, quick, "open"},
      {"changes all the time", {"ba", "cb", "dc", "ed", "fe"}, quick, "moving"},
      {"comes to rest within its time", {"ba", "cb", "dc", "dc", "dc"}, quick, "drift"},
      {"still, but not for long enough", {"ba", "ba", "ba", "ba"}, slow, "open"},
      {"still for as long as --confirm says", {"ba", "ba", "ba", "ba", "ba"}, slow, "drift"},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    CHECK(verdict_of(c.sights, c.rules) == c.verdict);
  }
}

TEST_CASE("A first reading that takes long does not make a row move") {
  RowWatch watch;
  const ConfirmRules rules{.rounds = 1, .hold = 0, .patience = 3};
  CHECK(watch.see(sight_of("ba"), {0, 1}, rules, 100) == Verdict::open);
  CHECK(watch.see(sight_of("ba"), {0, 1}, rules, 101) == Verdict::drift);
}

TEST_CASE("A row that was seen before has held still since, if it shows the same") {
  struct Case {
    const char* what;
    std::string now;
    Verdict verdict;
  };
  const ConfirmRules rules{.rounds = 1, .hold = 3, .patience = 3};
  const std::vector<Case> cases{{"the same", "ba", Verdict::drift}, {"another value", "bc", Verdict::open}};
  for (const Case& c : cases) {
    INFO(c.what);
    RowWatch watch(sight_of("ba"), 10);
    CHECK(watch.see(sight_of(c.now), {0, 1}, rules, 12) == Verdict::open);
    CHECK(watch.see(sight_of(c.now), {0, 1}, rules, 13) == c.verdict);
  }
}

TEST_CASE("A server that failed has no say") {
  RowWatch watch;
  const ConfirmRules rules{.rounds = 1, .hold = 0, .patience = 3};
  CHECK(watch.see(sight_of("bb-"), {0, 1}, rules, 0) == Verdict::equal);
  CHECK(watch.see(sight_of("ba-"), {0, 1}, rules, 0) == Verdict::open);
  CHECK(watch.see(sight_of("bac"), {0, 1}, rules, 1) == Verdict::drift);
}

// When time runs out, a row that moves is unconfirmed, and one that holds still is kept for the next run.
TEST_CASE("A row that moved and then held still does not move any more") {
  const ConfirmRules rules{.rounds = 100, .hold = 0, .patience = 100};
  RowWatch watch;
  CHECK_FALSE(watch.is_moving());
  double now = 0;
  const auto see = [&](const char* sight) {
    REQUIRE(watch.see(sight_of(sight), {0, 1}, rules, now++) == Verdict::open);
  };
  see("ba");
  CHECK_FALSE(watch.is_moving());
  see("ca");
  CHECK(watch.is_moving());
  for (int round = 0; round < 5; ++round) {
    see("ca");
    CHECK(watch.is_moving());
  }
  see("ca");
  CHECK_FALSE(watch.is_moving());
  see("cd");
  CHECK(watch.is_moving());
}
