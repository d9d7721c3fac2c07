// What is being asked of one target, and how long each step took. The step that was waiting when time ran out
// is named in line 1; -vvv prints them all. Safe to use from several threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace evenkeel {

class Trace {
 public:
  struct Step {
    std::string what;  // "connecting to db1:3306", "SHOW REPLICA STATUS"; never a credential
    double seconds = 0;
    bool finished = true;

    // "SHOW REPLICA STATUS: 12.5 ms"
    std::string text() const;
  };

  // Ends the step before it. `words` stand for it in line 1, where `what` is a statement.
  void begin(std::string what, std::string words = "");
  void end();
  // That the server has sent more in this step than is read: known before whoever reads can report it, and
  // that may be too late on a busy machine.
  void mark_too_much();

  // In the words for line 1; empty between steps.
  std::string current() const;
  bool is_too_much() const;
  // The first max_steps, as a long run must not grow, and the one that has not ended.
  std::vector<Step> steps() const;

  static constexpr std::size_t max_steps = 2000;

 private:
  void finish_current();
  double seconds_of_current() const;

  mutable std::mutex mutex_;
  std::vector<Step> done_;
  std::string current_;
  std::string words_;
  bool too_much_ = false;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace evenkeel
