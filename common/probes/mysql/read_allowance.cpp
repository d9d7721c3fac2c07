#include "read_allowance.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <mutex>

#include "client_library.h"
#include "socket_peer.h"

namespace evenkeel::mysql {

namespace {

thread_local ReadAllowance* current = nullptr;

// libmariadb exports these; its headers are no part of what Connector/C++ needs to build.
using Connection = void;
using Hook = void (*)(int is_write, Connection* connection, const unsigned char* data, std::size_t length);
using RegisterHook = int (*)(char add, Hook hook);
using SocketOf = int (*)(Connection* connection);

SocketOf socket_of = nullptr;

void on_transfer(int is_write, Connection* connection, const unsigned char* data, std::size_t length) {
  // A failed read comes as -1.
  const bool failed = static_cast<ssize_t>(length) <= 0;
  if (is_write != 0 || failed || current == nullptr) return;
  SocketPeer* const peer = SocketPeer::current();
  const bool may_go_on = peer == nullptr || peer->accept(socket_of(connection));
  if (!current->count({reinterpret_cast<const char*>(data), length}) || !may_go_on)
    shutdown(socket_of(connection), SHUT_RDWR);
}

}  // namespace

ReadAllowance::ReadAllowance(std::size_t bytes, const Deadline& deadline, Trace& trace, LoginPackets* packets)
    : bytes_left_(bytes), deadline_(deadline), in_time_(deadline), trace_(trace), packets_(packets) {
  current = this;
}

ReadAllowance::~ReadAllowance() { current = nullptr; }

bool ReadAllowance::count(std::string_view bytes) {
  bytes_read_ += bytes.size();
  const bool too_much = bytes.size() > bytes_left_;
  const bool too_much_for_the_time = in_time_.is_too_much(bytes_read_);
  if (!exceeded_ && (too_much || too_much_for_the_time)) trace_.mark_too_much();
  exceeded_ = exceeded_ || too_much || too_much_for_the_time;
  bytes_left_ -= std::min(bytes.size(), bytes_left_);
  const bool makes_sense = packets_ == nullptr || packets_->read(bytes);
  return makes_sense && !exceeded_ && !deadline_.expired();
}

void ReadAllowance::install() {
  static std::once_flag once;
  std::call_once(once, [] {
    const auto add = client_library_function<RegisterHook>("ma_pvio_register_callback");
    socket_of = client_library_function<SocketOf>("mysql_get_socket");
    add(1, on_transfer);
  });
}

}  // namespace evenkeel::mysql
