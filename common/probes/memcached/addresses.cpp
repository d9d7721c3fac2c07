#include "addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

#include "evenkeel/error.h"

namespace evenkeel::memcached {

namespace {

// A name server may send thousands.
constexpr std::size_t most_addresses = 64;

bool is_address(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

struct Freer {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

[[noreturn]] void fail(int error) {
  if (error == EAI_AGAIN) throw Error(Fault::timeout, "temporary failure in name resolution");
  throw Error(Fault::unreachable, error == EAI_SYSTEM ? system_reason(errno) : "the name does not resolve");
}

}  // namespace

std::vector<std::string> addresses_of(const std::string& host) {
  if (is_address(host)) return {host};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) fail(error);
  const std::unique_ptr<addrinfo, Freer> list(found);
  std::vector<std::string> addresses;
  for (const addrinfo* item = found; item != nullptr && addresses.size() < most_addresses;
       item = item->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(item->ai_addr, item->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) ==
        0)
      addresses.emplace_back(text.data());
  }
  if (addresses.empty()) fail(EAI_NONAME);
  return addresses;
}

}  // namespace evenkeel::memcached
