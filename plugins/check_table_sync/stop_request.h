// The wish that a run end, made by a signal or by the clock; whoever waits or asks servers looks at it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "evenkeel/deadline.h"

namespace evenkeel::table_sync {

class StopRequest {
 public:
  // At `latest` the clock makes it; by `end`, statements that were killed have come back or are left alone.
  StopRequest(const Deadline& latest, const Deadline& end) : latest_(latest), end_(end) {}

  void make() {
    const std::lock_guard lock(mutex_);
    made_ = true;
    changed_.notify_all();
  }
  bool made() const { return made_ || latest_.expired(); }
  bool by_signal() const { return made_; }
  const Deadline& latest() const { return latest_; }
  std::chrono::milliseconds time_to_die() const {
    return std::min(longest_death, std::chrono::milliseconds(end_.remaining_milliseconds()));
  }

  // False where the request cut the sleep short.
  bool sleep(std::chrono::duration<double> time) {
    std::unique_lock lock(mutex_);
    const auto until = std::min(latest_.when(), Deadline::after(time).when());
    return !changed_.wait_until(lock, until, [this] { return made_.load(); }) && !latest_.expired();
  }

 private:
  // A server may be the reason why we stop; whoever sent the signal does not wait for ever.
  static constexpr std::chrono::milliseconds longest_death{2000};

  Deadline latest_;
  Deadline end_;
  std::atomic<bool> made_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace evenkeel::table_sync
