// The one exception type of the suite: what went wrong, in a class that decides the state.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include "evenkeel/status.h"

namespace evenkeel {

enum class Fault {
  usage,        // wrong option, range, option file: UNKNOWN
  unreachable,  // refused, does not resolve, reset: CRITICAL
  timeout,      // no answer in time: CRITICAL, or as -t N:STATE says
  denied,       // answers, but we may not look: UNKNOWN
  protocol,     // answers nonsense, or more than we will read: UNKNOWN
  untrusted,    // TLS asked for and not given, or a certificate that does not hold: CRITICAL
  internal,     // a mistake of ours: UNKNOWN
};

// The text is one line for people and never holds a credential.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& text) : std::runtime_error(text), fault_(fault) {}
  // "connecting to port 3307: no route to host": what was being done, and why it failed.
  Error(Fault fault, const std::string& step, const std::string& reason)
      : std::runtime_error(step.empty() ? reason : step + ": " + reason),
        fault_(fault),
        step_size_(step.size()) {}
  Fault fault() const { return fault_; }
  std::string step() const { return std::string(what(), step_size_); }  // empty where there is none
  std::string reason() const { return what() + (step_size_ == 0 ? 0 : step_size_ + 2); }

 private:
  Fault fault_;
  std::size_t step_size_ = 0;
};

inline Error usage_error(const std::string& text) { return Error(Fault::usage, text); }

// "No such file or directory": an errno in words, the same in every locale. Safe with threads.
std::string system_words(int error);
std::string system_reason(int error);  // the same in small letters, for the middle of a line

Status status_of(Fault fault, Status timeout_state);

}  // namespace evenkeel
