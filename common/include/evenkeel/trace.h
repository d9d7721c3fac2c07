// What is being asked of one target, and how long each step took. The step that was waiting when
// time ran out is named in the report; -vvv prints them all. Safe to use from several threads.
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
  };

  // Ends the step before it.
  void begin(std::string what);
  void end();

  std::string current() const;      // empty between steps
  std::vector<Step> steps() const;  // the first max_steps: a long run must not grow

  static constexpr std::size_t max_steps = 2000;

 private:
  void finish_current();

  mutable std::mutex mutex_;
  std::vector<Step> done_;
  std::string current_;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace evenkeel
