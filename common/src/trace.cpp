#include "evenkeel/trace.h"

#include <utility>

#include "evenkeel/text.h"

namespace evenkeel {

std::string Trace::Step::text() const {
  return what + (finished ? ": " : ": not finished after ") + format_number(seconds * 1000, 1) + " ms";
}

void Trace::begin(std::string what, std::string words) {
  std::lock_guard lock(mutex_);
  finish_current();
  current_ = std::move(what);
  words_ = std::move(words);
  since_ = std::chrono::steady_clock::now();
}

void Trace::end() {
  std::lock_guard lock(mutex_);
  finish_current();
}

void Trace::mark_too_much() {
  std::lock_guard lock(mutex_);
  too_much_ = true;
}

bool Trace::is_too_much() const {
  std::lock_guard lock(mutex_);
  return too_much_;
}

std::string Trace::current() const {
  std::lock_guard lock(mutex_);
  return words_.empty() ? current_ : words_;
}

std::vector<Trace::Step> Trace::steps() const {
  std::lock_guard lock(mutex_);
  std::vector<Step> steps = done_;
  if (!current_.empty()) steps.push_back({current_, seconds_of_current(), false});
  return steps;
}

double Trace::seconds_of_current() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count();
}

void Trace::finish_current() {
  too_much_ = false;
  if (current_.empty()) return;
  if (done_.size() < max_steps) done_.push_back({std::move(current_), seconds_of_current()});
  current_.clear();
  words_.clear();
}

}  // namespace evenkeel
