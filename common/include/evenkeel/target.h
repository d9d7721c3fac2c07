// Whom to ask: HOST[:PORT] as -H takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel {

struct HostPort {
  std::string host;                   // without brackets
  std::optional<std::uint16_t> port;  // as given
  std::string name;                   // as typed: how reports and labels call it
};

// Whether it is a host name, an IPv4 or an IPv6 address in its characters, and so nothing that a client
// library could read as a list, a path, a URL or a string of options. Names in other scripts have an
// ASCII form, which is what DNS holds.
bool is_host(std::string_view text);

// The text in quotes after a blank, as an error may show it; nothing where it may hold a login or a password.
std::string shown_address(std::string_view text);

// "db1", "db1:3307", "192.0.2.1", "[::1]:3306", "::1". Throws Error(Fault::usage) naming `option`.
HostPort parse_host_port(const std::string& option, std::string_view text);

// Each text may be a comma list. A host named twice is an error: it would report twice.
std::vector<HostPort> parse_hosts(const std::string& option, const std::vector<std::string>& texts);

// What of a place the name of a target says: all of it, its host without the port, or nothing.
enum class Named { place, host, nothing };
Named named_by(const std::string& target, const std::string& where);

// Where a step of a probe happens, for a text that follows the target's name, in which no address stands
// twice: empty where the name says it, " on port 3307" (" to port 3307") where the name is the host, else
// `preposition` and the place.
std::string place_of_step(const std::string& preposition, const std::string& target,
                          const std::string& where);

std::uint16_t parse_port(const std::string& option, std::string_view text);  // 1 to 65535
// Why this is no name of a Unix socket that we use, whatever its length; empty where it is one. Client
// libraries take "@name" for an abstract socket, and end a path at a NUL.
std::string flaw_of_socket_path(std::string_view text);

// The path of a unix socket: 1 to 107 bytes, as unix(7) has it.
std::string parse_socket_path(const std::string& option, std::string_view text);

}  // namespace evenkeel
