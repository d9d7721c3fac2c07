#include "read_allowance.h"

#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <mutex>

namespace evenkeel::mysql {

namespace {

thread_local ReadAllowance* current = nullptr;

// libmariadb exports these; its headers are no part of what Connector/C++ needs to build.
using Connection = void;
using Hook = void (*)(int is_write, Connection* connection, const unsigned char* data, std::size_t length);
using RegisterHook = int (*)(char add, Hook hook);
using SocketOf = int (*)(Connection* connection);

SocketOf socket_of = nullptr;

void on_transfer(int is_write, Connection* connection, const unsigned char*, std::size_t length) {
  // A failed read comes as -1.
  const bool failed = static_cast<ssize_t>(length) <= 0;
  if (is_write != 0 || failed || current == nullptr) return;
  if (!current->count(length)) shutdown(socket_of(connection), SHUT_RDWR);
}

}  // namespace

ReadAllowance::ReadAllowance(std::size_t bytes, const Deadline& deadline)
    : bytes_left_(bytes), deadline_(deadline) {
  current = this;
}

ReadAllowance::~ReadAllowance() { current = nullptr; }

bool ReadAllowance::count(std::size_t bytes) {
  exceeded_ = exceeded_ || bytes > bytes_left_;
  bytes_left_ -= std::min(bytes, bytes_left_);
  return !exceeded_ && !deadline_.expired();
}

void ReadAllowance::install() {
  static std::once_flag once;
  std::call_once(once, [] {
    const auto add = reinterpret_cast<RegisterHook>(dlsym(RTLD_DEFAULT, "ma_pvio_register_callback"));
    socket_of = reinterpret_cast<SocketOf>(dlsym(RTLD_DEFAULT, "mysql_get_socket"));
    if (add != nullptr && socket_of != nullptr) add(1, on_transfer);
  });
}

}  // namespace evenkeel::mysql
