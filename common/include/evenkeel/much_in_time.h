// A server that has sent much and is still sending when time runs out is no silent one: it sends more than we
// will read, and whether the bytes or the time end first is the machine's speed. Such an answer is cut a
// little before the deadline, so that this is what is reported, and not the time-out of whoever waits for us.
// A value; safe to read from several threads.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "evenkeel/deadline.h"

namespace evenkeel {

class MuchInTime {
 public:
  explicit MuchInTime(const Deadline& deadline)
      : until_(deadline.earlier_by(
            std::min(longest_for_the_report, deadline.remaining() * share_for_the_report))) {}

  // Whether an answer of which so many bytes have come is to be cut now.
  bool is_too_much(std::size_t bytes) const { return bytes > much && until_.expired(); }

 private:
  static constexpr std::size_t much = 64u << 10;
  static constexpr double share_for_the_report = 0.25;
  static constexpr std::chrono::duration<double> longest_for_the_report{1};

  Deadline until_;
};

}  // namespace evenkeel
