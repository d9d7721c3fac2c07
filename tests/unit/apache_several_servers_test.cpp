// Simulated: servers behind one address, and caches before one. Time is simulated as well, so that nothing
// waits.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <random>

#include "judge.h"
#include "sample_server.h"
#include "scratch_folder.h"

using namespace evenkeel;
using namespace evenkeel::apache;

namespace {

struct Server {
  double started;
  double rate;
  double counted_at_start;
  bool says_start = true;
  std::uint64_t own = 0;  // our requests that it has counted
};

enum class Balancing { by_request, by_connection, at_random };

struct Scene {
  std::vector<Server> servers;
  Balancing balancing = Balancing::by_request;
  double cached_for = 0;  // seconds; 0: no cache
  bool says_age = false;
  std::size_t failing = 0;  // of the requests that are made at once
  http::Answer kept = {};
  double kept_at = -1e9;
  std::minstd_rand random = std::minstd_rand(1);
};

class Simulated : public http::HttpClient {
 public:
  Simulated(Scene& scene, double& now, double interval, std::size_t& turn)
      : scene_(scene), now_(now), interval_(interval), turn_(turn) {
    ++turn_;
  }

  http::Answer get(const Deadline&, Trace&) override {
    if (!first_) now_ += (still_ ? std::max(interval_, 0.25) : interval_) + 0.0005;
    if (!first_ && scene_.balancing == Balancing::by_request) ++turn_;
    if (scene_.balancing == Balancing::at_random && first_) turn_ = scene_.random() >> 8;
    first_ = false;
    sent_ = 1;
    return ask();
  }

  std::vector<http::Answer> get_anew(std::size_t count, const Deadline&, Trace&) override {
    std::vector<http::Answer> answers;
    now_ += 0.002;
    for (std::size_t i = 0; i < count; ++i) {
      turn_ = scene_.balancing == Balancing::at_random ? scene_.random() >> 8 : turn_ + 1;
      http::Answer answer = ask();
      if (i < scene_.failing) answer.status = 503;
      answers.push_back(std::move(answer));
    }
    sent_ = static_cast<int>(count);
    if (scene_.failing > count) throw Error(Fault::timeout, "the requests at once: timed out");
    // In no order.
    std::shuffle(answers.begin(), answers.end(), scene_.random);
    return answers;
  }

  int requests_sent() const override { return sent_; }
  int requests() const { return requests_; }

 private:
  http::Answer ask() {
    ++requests_;
    http::Answer answer = scene_.cached_for > 0 ? from_cache() : fresh(now_);
    still_ = answer.body == last_body_;
    last_body_ = answer.body;
    answer.status = 200;
    answer.taken = epoch_ + std::chrono::duration_cast<Deadline::Clock::duration>(
                                std::chrono::duration<double>(now_ - 2'000'000));
    return answer;
  }

  http::Answer fresh(double at) {
    Server& server = scene_.servers[turn_ % scene_.servers.size()];
    const double up = at - server.started;
    const auto counted = static_cast<std::uint64_t>(server.counted_at_start + server.rate * up) + server.own;
    ++server.own;
    const auto seconds = static_cast<long>(server.started);
    char clock[32];
    std::snprintf(clock, sizeof clock, "%02ld:%02ld:%02ld", seconds / 3600 % 24, seconds / 60 % 60,
                  seconds % 60);
    http::Answer answer;
    answer.body = "ServerVersion: Apache/2.4.57\n" +
                  (server.says_start ? std::string("RestartTime: Sunday, ") + clock + " UTC\n" : "") +
                  "ParentServerConfigGeneration: 1\nTotal Accesses: " + std::to_string(counted) +
                  "\nTotal kBytes: " + std::to_string(counted * 4) +
                  "\nUptime: " + std::to_string(static_cast<long>(up)) + "\nScoreboard: W_\n";
    return answer;
  }

  http::Answer from_cache() {
    if (now_ - scene_.kept_at >= scene_.cached_for) {
      scene_.kept_at = now_;
      scene_.kept = fresh(now_);
    }
    http::Answer answer = scene_.kept;
    if (scene_.says_age) answer.age = std::floor(now_ - scene_.kept_at);
    return answer;
  }

  Scene& scene_;
  double& now_;
  double interval_;
  std::size_t& turn_;
  Deadline::Clock::time_point epoch_ = Deadline::Clock::now();
  bool first_ = true;
  int sent_ = 0;
  bool still_ = false;  // then it is waited for longer
  std::string last_body_;
  int requests_ = 0;
};

constexpr double noon = 1'000'000;

class Runs {
 public:
  explicit Runs(Scene scene) : scene_(std::move(scene)) {}

  ServerReading run(double later) {
    now_ += later;
    Simulated client(scene_, now_, settings.interval, turn_);
    Trace trace;
    ServerReading reading =
        sample_server(client, "/server-status", StateStore("check_apache_rps", folder_.path()), "key",
                      settings, Deadline::after(std::chrono::seconds(5)), trace);
    requests = client.requests();
    return reading;
  }

  Scene& scene() { return scene_; }

  Settings settings;
  int requests = 0;

 private:
  Scene scene_;
  ScratchFolder folder_;
  double now_ = noon;
  std::size_t turn_ = 0;
};

}  // namespace

TEST_CASE("of several servers behind one address there is no rate, however alike they are") {
  const std::size_t count = GENERATE(2u, 3u);
  const Balancing balancing = GENERATE(Balancing::by_request, Balancing::by_connection);
  // Started in the same second, in the one before or after, long before or after.
  const double apart = GENERATE(-5000.0, -60.0, -2.0, -1.0, -0.2, 0.0, 0.2, 1.0, 2.0, 60.0, 5000.0);
  const double ahead = GENERATE(-900.0, -3.0, 40.0, 5000.0);  // requests that the next one has counted more
  const bool says_start = GENERATE(true, false);
  const double gap = GENERATE(2.0, 60.3, 300.0);

  Scene scene;
  for (std::size_t i = 0; i < count; ++i)
    scene.servers.push_back({noon - 20000.5 + apart * static_cast<double>(i), 0,
                             3000 + ahead * static_cast<double>(i), says_start});
  scene.balancing = balancing;
  Runs runs(scene);
  CAPTURE(count, balancing, apart, ahead, says_start, gap);
  for (int i = 0; i < 5; ++i) {
    const ServerReading reading = runs.run(gap);
    CAPTURE(i, reading.since_last_run, reading.within_this_run);
    // Nobody can tell apart those that differ by less than our own requests, and it does not matter.
    if (ahead == -3 && reading.growth) {
      CHECK(*requests_per_second(reading) <= 3 / reading.growth->seconds());
      continue;
    }
    CHECK_FALSE(reading.growth);
    CHECK(reading.several_servers);
    CHECK(runs.requests <= 20);
  }
}

TEST_CASE("one server has its rate at every phase of its clock, and is asked once a run") {
  const double phase = GENERATE(0.0, 0.001, 0.25, 0.5, 0.75, 0.999);
  const double rate = GENERATE(0.0, 0.4, 25.0, 4000.0);
  const double interval = GENERATE(0.01, 0.3, 1.0, 3.0);
  const double up = GENERATE(1.0, 100.0, 900'000.0);
  Runs runs({{{noon - up - phase, rate, 0, true}}});
  runs.settings.interval = interval;
  CAPTURE(phase, rate, interval, up);
  for (int i = 0; i < 6; ++i) {
    const ServerReading reading = runs.run(i % 2 == 0 ? 60 + phase : 5);
    REQUIRE(requests_per_second(reading));
    CHECK(std::abs(*requests_per_second(reading) - rate) <= 2 / reading.growth->seconds() + rate / 55);
    CHECK(reading.since_last_run == Continuity::unbroken);
    CHECK((i == 0 ? runs.requests <= 10 : runs.requests == 1));
  }
}

TEST_CASE("of a page that a cache keeps there is no rate") {
  const double cached_for = GENERATE(0.5, 1.0, 1.3, 2.0, 10.0, 120.0);
  const bool says_age = GENERATE(true, false);
  const double rate = GENERATE(0.0, 7.0, 200.0);
  const double interval = GENERATE(0.1, 0.4, 1.0);
  const double gap = GENERATE(2.5, 60.7, 299.0);
  Scene scene;
  scene.servers = {{noon - 5000, rate, 0, true}};
  scene.cached_for = cached_for;
  scene.says_age = says_age;
  Runs runs(scene);
  runs.settings.interval = interval;
  CAPTURE(cached_for, says_age, rate, interval, gap);
  for (int i = 0; i < 4; ++i) {
    const ServerReading reading = runs.run(gap);
    CAPTURE(i, reading.since_last_run, reading.within_this_run);
    CHECK_FALSE(reading.several_servers);
    if (const auto rps = requests_per_second(reading)) {
      // The page was not kept for so long that it matters.
      CHECK(*rps == Approx(rate).margin(5 / reading.growth->seconds() + rate * 0.03));
      CHECK((rate == 0 || cached_for <= interval * 1.001 || reading.growth->seconds() > 50));
    } else {
      CHECK(reading.page_age);
    }
  }
}

TEST_CASE("a balancer that chooses at random: once it was seen, it is not forgotten for want of luck") {
  int invented = 0;
  int told = 0;
  constexpr int scenes = 40;
  constexpr int runs_each = 20;
  for (unsigned seed = 1; seed <= scenes; ++seed) {
    Scene scene;
    scene.servers = {{noon - 5000, 0, 3000}, {noon - 5000, 0, 9000}};
    scene.balancing = Balancing::at_random;
    scene.random.seed(seed * 7919);
    Runs runs(scene);
    for (int i = 0; i < runs_each; ++i) {
      const ServerReading reading = runs.run(60);
      told += reading.several_servers ? 1 : 0;
      invented += requests_per_second(reading).value_or(0) > 2 ? 1 : 0;
    }
  }
  CHECK(invented <= 4);
  CHECK(told > scenes * runs_each * 9 / 10);
}

TEST_CASE("requests that fail do not show that one server answers") {
  const std::size_t failing = GENERATE(1u, 2u, 3u);  // of two; 3: none is even answered
  CAPTURE(failing);
  Scene scene;
  scene.servers = {{noon - 5000, 0, 3000}, {noon - 3000, 0, 9000}};
  scene.balancing = Balancing::by_connection;
  Runs runs(scene);
  REQUIRE(runs.run(60).several_servers);
  // From now on it is always the first that answers, as far as anything does.
  runs.scene().servers.resize(1);
  runs.scene().failing = failing;
  for (int i = 0; i < 3; ++i) {
    const ServerReading reading = runs.run(60);
    CHECK_FALSE(reading.growth);
    CHECK_FALSE(reading.several_servers);
    CHECK(reading.several_before);
  }
  // It was not forgotten, and nor is it kept once all that were asked tell otherwise.
  runs.scene().failing = 0;
  CHECK(requests_per_second(runs.run(60)));
  runs.scene().failing = failing;
  CHECK(requests_per_second(runs.run(60)));
}

TEST_CASE("where nobody has seen several servers, two samples have to do") {
  const std::size_t failing = GENERATE(1u, 2u, 3u);
  Scene scene;
  scene.servers = {{noon - 5000, 10, 3000}};
  scene.failing = failing;
  Runs runs(scene);
  CHECK(requests_per_second(runs.run(60)));
}
