#include "evenkeel/deadline.h"

#include <algorithm>
#include <cmath>

namespace evenkeel {

Deadline Deadline::after(std::chrono::duration<double> budget) {
  return Deadline(Clock::now() + std::chrono::duration_cast<Clock::duration>(budget));
}

std::chrono::duration<double> Deadline::remaining() const {
  return std::max(std::chrono::duration<double>(when_ - Clock::now()), std::chrono::duration<double>::zero());
}

int Deadline::remaining_whole_seconds() const {
  return std::max(1, static_cast<int>(std::ceil(std::min(remaining().count(), 1e6))));
}

int Deadline::remaining_milliseconds() const {
  return static_cast<int>(std::ceil(std::min(remaining().count(), 1e6) * 1000));
}

Deadline Deadline::earlier_by(std::chrono::duration<double> margin) const {
  return Deadline(when_ - std::chrono::duration_cast<Clock::duration>(margin));
}

Deadline Deadline::for_clients() const {
  return earlier_by(std::min(remaining() * 0.05, std::chrono::duration<double>(0.1)));
}

}  // namespace evenkeel
