#include "evenkeel/rescue.h"

#include <unistd.h>

#include <utility>

namespace evenkeel {

void Rescue::offer(std::function<Report()> report) {
  const std::lock_guard lock(mutex_);
  report_ = std::move(report);
}

void Rescue::withdraw() {
  std::unique_lock lock(mutex_);
  report_ = nullptr;
  if (!taken_) return;
  lock.unlock();
  while (true) pause();
}

std::optional<Report> Rescue::take() {
  std::unique_lock lock(mutex_);
  if (!report_) return std::nullopt;
  taken_ = true;
  const std::function<Report()> report = std::exchange(report_, nullptr);
  lock.unlock();
  return report();
}

}  // namespace evenkeel
