#pragma once

#include <string>
#include <vector>

namespace evenkeel::memcached {

// The addresses of a host in the order in which to try them (RFC 6724), not more than there is time for;
// empty where the name does not resolve. An address is its own.
std::vector<std::string> addresses_of(const std::string& host);

}  // namespace evenkeel::memcached
