#include "evenkeel/memcached/memcached_client.h"

namespace evenkeel::memcached {

std::string Server::where() const {
  if (!socket.empty()) return socket;
  const bool bare_ipv6 = host.find(':') != std::string::npos;
  return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace evenkeel::memcached
