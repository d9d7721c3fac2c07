// Stands in for recv() and send() of the C library: the client library has no place to look at what it
// reads, and no way to stop it.
#include <sys/socket.h>
#include <sys/types.h>

#include "evenkeel/memcached/answer_guard.h"

namespace evenkeel::memcached {

namespace {

thread_local AnswerGuard* current = nullptr;

}  // namespace

GuardedReads::GuardedReads(AnswerGuard& guard) { current = &guard; }

GuardedReads::~GuardedReads() { current = nullptr; }

}  // namespace evenkeel::memcached

extern "C" {

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  const ssize_t count = recvfrom(fd, buffer, size, flags, nullptr, nullptr);
  evenkeel::memcached::AnswerGuard* const guard = evenkeel::memcached::current;
  if (count <= 0 || guard == nullptr) return count;
  // Like the end of the stream.
  return guard->let_in({static_cast<const char*>(buffer), static_cast<std::size_t>(count)}) ? count : 0;
}

ssize_t send(int fd, const void* buffer, size_t size, int flags) {
  evenkeel::memcached::AnswerGuard* const guard = evenkeel::memcached::current;
  if (guard != nullptr && !guard->listens()) return static_cast<ssize_t>(size);
  if (guard != nullptr) guard->note_sent();
  return sendto(fd, buffer, size, flags, nullptr, 0);
}
}
