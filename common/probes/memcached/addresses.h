#pragma once

#include <string>
#include <vector>

namespace evenkeel::memcached {

// The addresses of a host in the order in which to try them (RFC 6724), one at least; an address is its own.
// Throws Error(Fault::unreachable) where the name does not resolve, and Fault::timeout where no name server
// answers; without the name.
std::vector<std::string> addresses_of(const std::string& host);

}  // namespace evenkeel::memcached
