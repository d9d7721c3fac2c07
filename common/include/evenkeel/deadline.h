// The one time budget of a run. Every call that can wait takes it.
#pragma once

#include <chrono>

namespace evenkeel {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline after(std::chrono::duration<double> budget);
  static Deadline at(Clock::time_point when) { return Deadline(when); }

  Clock::time_point when() const { return when_; }
  bool expired() const { return Clock::now() >= when_; }
  // Never negative.
  std::chrono::duration<double> remaining() const;
  // For libraries that count whole seconds and read 0 as "for ever": rounded up, at least 1.
  int remaining_whole_seconds() const;
  int remaining_milliseconds() const;  // at least 0

  // An earlier deadline, so that what waits inside ends before what waits around it.
  Deadline earlier_by(std::chrono::duration<double> margin) const;
  // For a client library's own time-outs, which know what they were waiting for: a little earlier.
  Deadline for_clients() const;

 private:
  explicit Deadline(Clock::time_point when) : when_(when) {}
  Clock::time_point when_;
};

}  // namespace evenkeel
