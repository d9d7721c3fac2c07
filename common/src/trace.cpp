#include "evenkeel/trace.h"

namespace evenkeel {

void Trace::begin(std::string what) {
  std::lock_guard lock(mutex_);
  finish_current();
  current_ = std::move(what);
  since_ = std::chrono::steady_clock::now();
}

void Trace::end() {
  std::lock_guard lock(mutex_);
  finish_current();
}

std::string Trace::current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

std::vector<Trace::Step> Trace::steps() const {
  std::lock_guard lock(mutex_);
  return done_;
}

void Trace::finish_current() {
  if (current_.empty()) return;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - since_;
  if (done_.size() < max_steps) done_.push_back({std::move(current_), taken.count()});
  current_.clear();
}

}  // namespace evenkeel
