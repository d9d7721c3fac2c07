// How much one thread may still read from its server. The client library reads column definitions, and
// whatever answers its own first statements, to their end before it says anything; a hostile server has
// no end. So each read is counted, and the connection cut where it is too much or too late.
#pragma once

#include <cstddef>
#include <string_view>

#include "evenkeel/deadline.h"
#include "evenkeel/much_in_time.h"
#include "evenkeel/trace.h"
#include "login_packets.h"

namespace evenkeel::mysql {

class ReadAllowance {
 public:
  // Counts this thread's reads until it goes out of scope. One per thread at a time. The trace is told where
  // it is too much. With `packets`, each packet is looked at as well.
  ReadAllowance(std::size_t bytes, const Deadline& deadline, Trace& trace, LoginPackets* packets = nullptr);
  ~ReadAllowance();
  ReadAllowance(const ReadAllowance&) = delete;
  ReadAllowance& operator=(const ReadAllowance&) = delete;

  void grant(std::size_t bytes) { bytes_left_ += bytes; }
  // More than we will read, or more than can be read in the time there is.
  bool exceeded() const { return exceeded_; }

  // False where the connection has to be cut.
  bool count(std::string_view bytes);

  // Once, before there are threads. Throws Error(Fault::internal) where the client library has no such hook.
  static void install();

 private:
  std::size_t bytes_left_;
  std::size_t bytes_read_ = 0;
  Deadline deadline_;
  MuchInTime in_time_;
  Trace& trace_;
  LoginPackets* packets_;
  bool exceeded_ = false;
};

}  // namespace evenkeel::mysql
