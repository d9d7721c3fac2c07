// Stands in for calls of the C library: the client library has no place to look at what it reads, no way to
// stop it, and forgets why a connection failed.
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "evenkeel/memcached/answer_guard.h"

namespace evenkeel::memcached {

namespace {

thread_local AnswerGuard* current = nullptr;
thread_local AcceptPeer accept_peer;

// What is no memcached may say more of itself, and may as well wait for us.
constexpr int longest_pause = 200;  // milliseconds

constexpr std::string_view stats_request = "stats\r\n";

void read_what_is_strange(int fd, AnswerGuard& guard) {
  pollfd readable{fd, POLLIN, 0};
  std::array<char, 64> buffer{};
  while (guard.wants_more_that_is_strange() && !guard.expired() && poll(&readable, 1, longest_pause) > 0) {
    const ssize_t count = recvfrom(fd, buffer.data(), buffer.size(), MSG_DONTWAIT, nullptr, nullptr);
    if (count <= 0) return;
    guard.add_to_strange({buffer.data(), static_cast<std::size_t>(count)});
  }
}

bool may_come_later(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// As recv(), but of what the guard lets through; 0, like the end of the stream, where it lets nothing in.
ssize_t receive(int fd, char* buffer, size_t size, int flags, AnswerGuard& guard) {
  std::array<char, 8192> raw{};
  for (;;) {
    if (const std::size_t taken = guard.take(buffer, size); taken > 0) return static_cast<ssize_t>(taken);
    ssize_t count = 0;
    if (!guard.holds_bytes()) {
      count = recvfrom(fd, raw.data(), raw.size(), flags, nullptr, nullptr);
      if (count == 0 || (count < 0 && !may_come_later(errno))) guard.note_end();
      if (count <= 0) return count;
    }
    if (!guard.let_in({raw.data(), static_cast<std::size_t>(count)})) {
      read_what_is_strange(fd, guard);
      return 0;
    }
  }
}

}  // namespace

GuardedReads::GuardedReads(AnswerGuard& guard, const AcceptPeer& accept) {
  current = &guard;
  accept_peer = accept;
}

GuardedReads::~GuardedReads() {
  current = nullptr;
  accept_peer = {};
}

}  // namespace evenkeel::memcached

extern "C" {

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  evenkeel::memcached::AnswerGuard* const guard = evenkeel::memcached::current;
  if (guard == nullptr) return recvfrom(fd, buffer, size, flags, nullptr, nullptr);
  return evenkeel::memcached::receive(fd, static_cast<char*>(buffer), size, flags, *guard);
}

ssize_t send(int fd, const void* buffer, size_t size, int flags) {
  evenkeel::memcached::AnswerGuard* const guard = evenkeel::memcached::current;
  const std::string_view request(static_cast<const char*>(buffer), size);
  if (guard != nullptr && (!guard->listens() || guard->answers_itself(request)))
    return static_cast<ssize_t>(size);
  if (guard != nullptr) guard->note_sent();
  // The library leaves a blank at the end, which mcrouter does not take.
  if (guard == nullptr || request != "stats \r\n") return sendto(fd, buffer, size, flags, nullptr, 0);
  const std::string_view clean = evenkeel::memcached::stats_request;
  const ssize_t sent = sendto(fd, clean.data(), clean.size(), flags, nullptr, 0);
  return sent == static_cast<ssize_t>(clean.size()) ? static_cast<ssize_t>(size) : sent;
}

int connect(int fd, const sockaddr* address, socklen_t length) {
  long result = syscall(SYS_connect, fd, address, length);
  evenkeel::memcached::AnswerGuard* const guard = evenkeel::memcached::current;
  if (guard != nullptr && result == 0 && evenkeel::memcached::accept_peer &&
      !evenkeel::memcached::accept_peer(fd)) {
    result = -1;
    errno = EACCES;
  }
  if (guard != nullptr) guard->note_connect_error(result == 0 || errno == EINPROGRESS ? 0 : errno);
  return static_cast<int>(result);
}

int getsockopt(int fd, int level, int option, void* value, socklen_t* length) noexcept {
  const long result = syscall(SYS_getsockopt, fd, level, option, value, length);
  evenkeel::memcached::AnswerGuard* const guard = evenkeel::memcached::current;
  if (guard != nullptr && result == 0 && level == SOL_SOCKET && option == SO_ERROR &&
      *length == sizeof(int) && *static_cast<const int*>(value) != 0)
    guard->note_connect_error(*static_cast<const int*>(value));
  return static_cast<int>(result);
}
}
