// Looks at who listens at a Unix socket before we log in there.
#pragma once

#include <string>

namespace evenkeel::mysql {

// For the login on this thread, until it goes out of scope. One per thread at a time.
class SocketPeer {
 public:
  // `path` is empty for TCP, which has none.
  explicit SocketPeer(std::string path);
  ~SocketPeer();
  SocketPeer(const SocketPeer&) = delete;
  SocketPeer& operator=(const SocketPeer&) = delete;

  // Called with the connected socket whenever something has come from it: first when the server has greeted,
  // which is before anything is sent. False where nothing may be sent, now and from then on.
  bool accept(int descriptor);
  const std::string& flaw() const { return flaw_; }

  static SocketPeer* current();

 private:
  const std::string path_;
  std::string flaw_;
};

}  // namespace evenkeel::mysql
