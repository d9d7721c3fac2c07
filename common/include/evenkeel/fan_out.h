// Asks many targets at once, a bounded number at a time, and returns in time whatever they do.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "evenkeel/deadline.h"
#include "evenkeel/error.h"
#include "evenkeel/outcome.h"
#include "evenkeel/trace.h"

namespace evenkeel {

// Whether a thread of an earlier fan_out is still stuck in a library; then the process must end
// by _exit, since static destructors would pull the ground from under it.
bool has_stuck_threads();
// For who has threads of its own and leaves one behind.
void leave_thread_behind();

namespace detail {

// Runs job(0) … job(count-1) on at most `parallel` threads, not counting those that are held up for longer
// than a fair share of the time. Returns when all are done or at the
// deadline; the threads go on by themselves then, which is why the job must own what it uses.
void run_bounded(std::size_t count, std::size_t parallel, const Deadline& deadline,
                 std::function<void(std::size_t)> job);

// Of a target that has not reported in time. One that sent too much by then is no silent one.
Error timeout_error(const Trace& trace);
Error error_from(std::exception_ptr failure);

// Without the steps. The trace goes on until this is stored: time may run out in between.
template <class Reading, class Ask>
Outcome<Reading> outcome_of(Ask& ask, std::size_t i, Trace& trace) {
  Outcome<Reading> outcome;
  try {
    outcome.reading = ask(i, trace);
  } catch (...) {
    outcome.error = error_from(std::current_exception());
  }
  return outcome;
}

template <class Reading>
struct Slots {
  explicit Slots(std::size_t count) : outcomes(count), traces(count), done(count, false) {}
  std::mutex mutex;
  std::vector<Outcome<Reading>> outcomes;
  std::vector<Trace> traces;
  std::vector<bool> done;
};

}  // namespace detail

// ask(index, trace) → Reading. It is copied into the threads and may outlive this call: it owns
// (by value or shared_ptr) all that it touches. The result has the order of the indexes. What is
// unfinished at the deadline becomes Error(Fault::timeout) that names the step that was waiting.
template <class Reading, class Ask>
std::vector<Outcome<Reading>> fan_out(std::size_t count, std::size_t parallel, const Deadline& deadline,
                                      Ask ask) {
  auto slots = std::make_shared<detail::Slots<Reading>>(count);
  detail::run_bounded(count, parallel, deadline, [slots, ask](std::size_t i) {
    Outcome<Reading> outcome = detail::outcome_of<Reading>(ask, i, slots->traces[i]);
    std::lock_guard lock(slots->mutex);
    slots->outcomes[i] = std::move(outcome);
    slots->done[i] = true;
    slots->traces[i].end();
  });

  std::vector<Outcome<Reading>> result(count);
  std::lock_guard lock(slots->mutex);
  for (std::size_t i = 0; i < count; ++i) {
    if (slots->done[i])
      result[i] = std::move(slots->outcomes[i]);
    else
      result[i].error = detail::timeout_error(slots->traces[i]);
    result[i].steps = slots->traces[i].steps();
  }
  return result;
}

}  // namespace evenkeel
