#include "plain_login.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

namespace evenkeel::memcached {

namespace {

constexpr std::size_t header_length = 24;
constexpr unsigned char request_magic = 0x80, answer_magic = 0x81, sasl_auth = 0x21;
constexpr unsigned status_refused = 0x20, status_continue = 0x21, status_unknown_command = 0x81;
// Of its text nothing is used.
constexpr std::size_t longest_answer = 4096;

std::string request_of(const Credentials& credentials) {
  constexpr std::string_view mechanism = "PLAIN";
  const std::string value = '\0' + credentials.user + '\0' + credentials.password;
  const std::size_t body = mechanism.size() + value.size();
  std::string request(header_length, '\0');
  request[0] = static_cast<char>(request_magic);
  request[1] = sasl_auth;
  request[3] = static_cast<char>(mechanism.size());
  for (std::size_t i = 0; i < 4; ++i) request[8 + i] = static_cast<char>(body >> (8 * (3 - i)) & 0xFF);
  return request.append(mechanism) + value;
}

// In time for `events`; false where time is up.
bool wait_for(int descriptor, short events, const Deadline& deadline) {
  pollfd socket{descriptor, events, 0};
  while (!deadline.expired()) {
    const int ready = poll(&socket, 1, std::max(1, deadline.remaining_milliseconds()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

bool may_try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// Nothing: all of it was done.
std::optional<LoginResult> send_all(int descriptor, std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    if (!wait_for(descriptor, POLLOUT, deadline)) return LoginResult::timed_out;
    const ssize_t sent =
        sendto(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
    if (sent < 0 && !may_try_again()) return LoginResult::closed;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return std::nullopt;
}

// Not a byte beyond `size`: what follows is for the library.
std::optional<LoginResult> receive(int descriptor, std::size_t size, std::string& bytes,
                                   const Deadline& deadline) {
  std::array<char, longest_answer> buffer{};
  while (bytes.size() < size) {
    if (!wait_for(descriptor, POLLIN, deadline)) return LoginResult::timed_out;
    const ssize_t count = recvfrom(descriptor, buffer.data(), std::min(size - bytes.size(), buffer.size()),
                                   MSG_DONTWAIT, nullptr, nullptr);
    if (count == 0 || (count < 0 && !may_try_again())) return LoginResult::closed;
    if (count > 0) bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (!bytes.empty() && static_cast<unsigned char>(bytes[0]) != answer_magic)
      return LoginResult::no_memcached;
  }
  return std::nullopt;
}

std::size_t number_at(const std::string& bytes, std::size_t at, std::size_t length) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < length; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

}  // namespace

LoginResult log_in_by_plain(int descriptor, const Credentials& credentials, const Deadline& deadline) {
  if (const auto failed = send_all(descriptor, request_of(credentials), deadline)) return *failed;
  std::string answer;
  if (const auto failed = receive(descriptor, header_length, answer, deadline)) return *failed;
  const std::size_t body = number_at(answer, 8, 4);
  if (answer[1] != sasl_auth || body > longest_answer) return LoginResult::no_memcached;
  if (const auto failed = receive(descriptor, header_length + body, answer, deadline)) return *failed;
  switch (number_at(answer, 6, 2)) {
    case 0:
      return LoginResult::done;
    case status_unknown_command:
      return LoginResult::no_sasl;
    case status_continue:
      return LoginResult::more_than_plain;
    case status_refused:
    default:
      return LoginResult::refused;
  }
}

}  // namespace evenkeel::memcached
