// What is told of a run whose main thread hangs in a client library: the watchdog takes its place.
#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "evenkeel/report.h"

namespace evenkeel {

class Rescue {
 public:
  // For the time of a call that may hang. `report` is then called on another thread: it owns what it uses, or
  // uses what outlives the run.
  void offer(std::function<Report()> report);
  // The call is over. Does not return where the watchdog has taken the report, which ends the process.
  void withdraw();

  // For the watchdog: nothing where the run does not hang in such a call.
  std::optional<Report> take();

 private:
  std::mutex mutex_;
  std::function<Report()> report_;
  bool taken_ = false;
};

}  // namespace evenkeel
