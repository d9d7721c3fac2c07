// The wish that a run end, made by a signal or by the clock; whoever waits or asks servers looks at it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "evenkeel/deadline.h"

namespace evenkeel::table_sync {

class StopRequest {
 public:
  explicit StopRequest(const Deadline& latest) : latest_(latest) {}

  void make() {
    const std::lock_guard lock(mutex_);
    made_ = true;
    changed_.notify_all();
  }
  bool made() const { return made_ || latest_.expired(); }
  bool by_signal() const { return made_; }
  const Deadline& latest() const { return latest_; }

  // False where the request cut the sleep short.
  bool sleep(std::chrono::duration<double> time) {
    std::unique_lock lock(mutex_);
    const auto until = std::min(latest_.when(), Deadline::after(time).when());
    return !changed_.wait_until(lock, until, [this] { return made_.load(); }) && !latest_.expired();
  }

 private:
  Deadline latest_;
  std::atomic<bool> made_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace evenkeel::table_sync
