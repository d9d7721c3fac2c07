#include <catch2/catch.hpp>
#include <deque>

#include "judge.h"
#include "sample_server.h"
#include "scratch_folder.h"

using namespace evenkeel;
using namespace evenkeel::apache;

namespace {

struct Page {
  std::uint64_t accesses = 0;
  int uptime = 0;
  double at = 0;  // seconds by the local clock
  std::string restart_time = "Sunday";
};

// A server whose pages are known beforehand. Asked anew, to see whether it is one, it goes on from the last.
class CannedServer : public http::HttpClient {
 public:
  explicit CannedServer(std::deque<Page> pages) : pages_(std::move(pages)) {}

  http::Answer get(const Deadline&, Trace&) override {
    REQUIRE_FALSE(pages_.empty());
    last_ = pages_.front();
    pages_.pop_front();
    sent_ = 1;
    return answer();
  }

  std::vector<http::Answer> get_anew(std::size_t count, const Deadline&, Trace&) override {
    std::vector<http::Answer> answers;
    last_.at += 0.001;
    for (std::size_t i = 0; i < count; ++i) {
      ++last_.accesses;
      answers.push_back(answer());
    }
    sent_ = static_cast<int>(count);
    return answers;
  }

  int requests_sent() const override { return sent_; }
  std::size_t pages_left() const { return pages_.size(); }

 private:
  http::Answer answer() const {
    http::Answer answer;
    answer.status = 200;
    answer.body = "RestartTime: " + last_.restart_time +
                  "\nTotal Accesses: " + std::to_string(last_.accesses) +
                  "\nTotal kBytes: 1\nUptime: " + std::to_string(last_.uptime) + "\nScoreboard: W_\n";
    answer.taken = start_ + std::chrono::duration_cast<Deadline::Clock::duration>(
                                std::chrono::duration<double>(last_.at - 1000));
    return answer;
  }

  // In the past, so that nothing waits.
  Deadline::Clock::time_point start_ = Deadline::Clock::now();
  std::deque<Page> pages_;
  Page last_;
  int sent_ = 0;
};

class Runs {
 public:
  ServerReading run(std::deque<Page> pages) {
    CannedServer server(std::move(pages));
    Trace trace;
    ServerReading reading = sample_server(server, "/server-status", store(), "key", settings,
                                          Deadline::after(std::chrono::seconds(5)), trace);
    CHECK(server.pages_left() == 0);
    return reading;
  }

  Settings settings;
  bool keep_state = true;

 private:
  StateStore store() const {
    return keep_state ? StateStore("check_apache_rps", folder_.path()) : StateStore::disabled();
  }
  ScratchFolder folder_;
};

}  // namespace

TEST_CASE("without an earlier sample, two are taken now, and our own request is not counted") {
  Runs runs;
  runs.keep_state = GENERATE(true, false);
  const ServerReading reading = runs.run({{100, 50, 0}, {121, 51, 1}});
  CHECK(reading.sampled_twice);
  CHECK(*requests_per_second(reading) == Approx(20));
}

TEST_CASE("our own requests alone are no traffic") {
  Runs runs;
  CHECK(*requests_per_second(runs.run({{100, 50, 0}, {101, 51, 1}})) == 0);
}

TEST_CASE("an earlier run's sample is enough, and its requests are not counted") {
  Runs runs;
  runs.settings.interval = 0.01;
  runs.run({{100, 50, 0}, {101, 50, 0.5}});
  const ServerReading later = runs.run({{205, 110, 60.5}});
  CHECK_FALSE(later.sampled_twice);
  // 205 - 101, less the request that made the sample and four that looked for other servers, over 60 s.
  CHECK(*requests_per_second(later) == Approx(99.0 / later.growth->seconds()));
}

TEST_CASE("requests of runs in between are not counted either") {
  Runs runs;
  runs.settings.interval = 30;
  runs.settings.max_age = 1e6;
  runs.run({{100, 50, 0}, {101, 110, 60}});
  const ServerReading soon = runs.run({{106, 115, 65}});
  CHECK(*requests_per_second(soon) == 0);
  const ServerReading sooner = runs.run({{107, 116, 66}});
  CHECK(*requests_per_second(sooner) == 0);
}

TEST_CASE("a restart is noticed, and the server sampled anew") {
  const struct {
    const char* what;
    Page first, second;
    Continuity expected;
  } table[]{
      {"uptime fell", {5, 2, 100, "Monday"}, {16, 3, 101, "Monday"}, Continuity::restarted},
      {"another restart time", {500, 80, 100, "13:19:07"}, {511, 81, 101, "13:19:07"}, Continuity::restarted},
      {"counters fell", {50, 150, 100, "13:18:47"}, {61, 151, 101, "13:18:47"}, Continuity::reset},
  };
  for (const auto& row : table) {
    INFO(row.what);
    Runs runs;
    runs.settings.interval = 0.01;
    runs.run({{100, 50, 0, "13:18:47"}, {101, 51, 1, "13:18:47"}});
    const ServerReading reading = runs.run({row.first, row.second});
    CHECK(reading.since_last_run == row.expected);
    CHECK(reading.sampled_twice);
    CHECK(*requests_per_second(reading) == Approx(10));
  }
}

TEST_CASE("a graceful restart keeps counters and is none") {
  Runs runs;
  runs.settings.interval = 0.01;
  runs.run({{100, 50, 0}, {101, 51, 1}});
  CHECK(runs.run({{301, 151, 101}}).since_last_run == Continuity::unbroken);
}

TEST_CASE("a restart between the two samples of a run") {
  Runs runs;
  const ServerReading reading =
      runs.run({{100, 50, 0, "13:18:47"}, {3, 0, 1, "13:19:37"}, {14, 1, 2, "13:19:37"}});
  CHECK(*requests_per_second(reading) == Approx(10));
  CHECK_FALSE(reading.unsteady);
}

TEST_CASE("a server that restarts for ever is not asked for ever") {
  Runs runs;
  const ServerReading reading =
      runs.run({{9, 1, 0, "13:18:10"}, {8, 0, 1, "13:18:12"}, {7, 0, 2, "13:18:13"}, {6, 0, 3, "13:18:14"}});
  CHECK(reading.unsteady);
  CHECK(reading.within_this_run == Continuity::restarted);
  CHECK_FALSE(requests_per_second(reading));
}

TEST_CASE("a sample that is too old is not used") {
  Runs runs;
  runs.settings.max_age = 0;
  runs.run({{100, 50, 0}, {101, 51, 1}});
  CHECK(runs.run({{500, 80, 30}, {501, 81, 31}}).sampled_twice);
}
