// A plugin that does what it is told, for tests of everything around a check: the watchdog, signals,
// descriptors, the one write.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "evenkeel/ask_all.h"
#include "evenkeel/check.h"
#include "evenkeel/error.h"
#include "evenkeel/fan_out.h"

namespace {

using namespace evenkeel;

class StubCheck : public Check {
 public:
  Description describe() const override {
    return {.name = "check_stub",
            .purpose = "Does what it is told.",
            .options =
                {{.name = "act", .value = "WHAT", .help = "what to do", .default_text = "fine"},
                 {.name = "value", .value = "N", .help = "the value to measure"},
                 {.name = "password", .letter = 'p', .value = "SECRET", .help = "a secret", .secret = true}},
            .labels = {{.name = "depth", .unit = "", .help = "how deep", .default_critical = "100"},
                       {.name = "width", .unit = "s", .help = "how wide"}},
            .examples = {{"check_stub --act fine", "STUB OK - fine | depth=1;;100"},
                         {"check_stub --value 101",
                          "STUB CRITICAL - depth 101 (critical: above 100) | depth=101;;100"}},
            .notes = "It measures nothing."};
  }

  void configure(const Options& options) override {
    act_ = options.value("act").value_or("fine");
    value_ = options.number("value", 1, -1e9, 1e9);
    configured_ = true;
    if (act_ == "usage") throw usage_error("--act: usage is no act");
  }

  Report run(RunContext& context) override {
    if (act_ == "throw") throw std::runtime_error("something broke");
    if (act_ == "hang") hang();
    if (act_ == "crash") std::raise(SIGSEGV);
    if (act_ == "abort") std::abort();
    if (act_ == "spin") spin();
    if (act_ == "overflow") overflow(1);
    if (act_ == "escape") std::thread([] { throw std::runtime_error("out of a thread"); }).join();
    if (act_ == "work") return work();
    if (act_ == "hang-one") return hang_one(context);
    if (act_ == "hang-alone") return hang_alone(context);
    if (act_ == "say-much") return say_much();
    Report report;
    if (act_ == "count") count_runs(report, context);
    report.add(Status::ok, "", act_);
    report.measure({.name = "depth", .value = value_}, context.limits);
    return report;
  }

  bool stop() override {
    while (!configured_) std::this_thread::yield();
    stopped_ = true;
    return act_ == "work";
  }

 private:
  Report work() const {
    while (!stopped_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Report report;
    report.add(Status::ok, "", "half of it is done");
    return report;
  }

  [[noreturn]] static void spin() {
    for (volatile unsigned turns = 0;;) turns = turns + 1;
  }

  // Each call needs its own piece of the stack until the calls below it are done.
  static int overflow(int depth) {
    volatile char piece[4096];
    piece[depth % 4096] = static_cast<char>(depth);
    return depth < 0 ? 0 : overflow(depth + 1) + piece[depth % 4096];
  }

  [[noreturn]] static void hang() {
    while (true) std::this_thread::sleep_for(std::chrono::hours(1));
  }

  static int answer_or_hang(bool hangs, Trace& trace) {
    trace.begin("waiting for Godot");
    if (hangs) hang();
    return 1;
  }

  static Report report_of(const std::vector<Outcome<int>>& outcomes, const RunContext& context) {
    Report report;
    report.set_target_count(outcomes.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const std::string target = "t" + std::to_string(i);
      if (report.reading_of(target, outcomes[i], context.timeout_state))
        report.add(Status::ok, target, "answered");
    }
    return report;
  }

  static Report hang_one(const RunContext& context) {
    const auto outcomes = fan_out<int>(
        2, 2, context.deadline, [](std::size_t i, Trace& trace) { return answer_or_hang(i == 1, trace); });
    return report_of(outcomes, context);
  }

  static Report hang_alone(RunContext& context) {
    return ask_all<int>(
        context, 1, 2, context.deadline,
        [](std::size_t, Trace& trace) { return answer_or_hang(true, trace); },
        [&context](const std::vector<Outcome<int>>& outcomes) {
          Report report = report_of(outcomes, context);
          report.add(Status::ok, "", "what else is known");
          return report;
        });
  }

  static Report say_much() {
    Report report;
    report.set_target_count(5000);
    for (int i = 0; i < 5000; ++i)
      report.add(Status::ok, "t" + std::to_string(i), "fine and well and up and running");
    return report;
  }

  static void count_runs(Report& report, RunContext& context) {
    context.state.update("runs",
                         [&](const std::optional<StateStore::Sample>& sample) -> std::optional<std::string> {
                           const int runs = sample ? std::stoi(sample->payload) + 1 : 1;
                           report.fact("runs", std::to_string(runs));
                           return std::to_string(runs);
                         });
  }

  std::string act_;
  std::atomic<bool> configured_ = false;
  std::atomic<bool> stopped_ = false;
  double value_ = 1;
};

}  // namespace

int main(int argc, char** argv) { return run_plugin(std::make_shared<StubCheck>(), argc, argv); }
