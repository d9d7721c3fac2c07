// How much one thread may still read from its server. The client library reads column definitions, and
// whatever answers its own first statements, to their end before it says anything; a hostile server has
// no end. So each read is counted, and the connection cut where it is too much or too late.
#pragma once

#include <cstddef>

#include "evenkeel/deadline.h"

namespace evenkeel::mysql {

class ReadAllowance {
 public:
  // Counts this thread's reads until it goes out of scope. One per thread at a time.
  ReadAllowance(std::size_t bytes, const Deadline& deadline);
  ~ReadAllowance();
  ReadAllowance(const ReadAllowance&) = delete;
  ReadAllowance& operator=(const ReadAllowance&) = delete;

  void grant(std::size_t bytes) { bytes_left_ += bytes; }
  bool exceeded() const { return exceeded_; }

  // False where the connection has to be cut.
  bool count(std::size_t bytes);

  // Once, before there are threads. Without libmariadb's hook nothing is counted; the library's own
  // packet limit and the run's deadline remain.
  static void install();

 private:
  std::size_t bytes_left_;
  Deadline deadline_;
  bool exceeded_ = false;
};

}  // namespace evenkeel::mysql
