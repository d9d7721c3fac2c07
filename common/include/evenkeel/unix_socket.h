// Whether a Unix socket may be what it is said to be. In /tmp anybody can put one in the place of a server
// that is down, and be given the password that was meant for it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace evenkeel {

// Why the socket at `path` is not to be trusted; empty where it is. Trusted are root, ourselves and the
// accounts with these names: where one of them listens, or owns the socket. Others are where nobody else
// could have put a socket in their place: no folder on the way is writable for everyone, or it is sticky and
// what is in it belongs to one of the trusted. `peer` is who listens, where that is known.
std::string flaw_of_unix_socket(const std::string& path, std::optional<uid_t> peer,
                                const std::vector<std::string>& trusted_accounts);

// Who listens at the other end of a connected Unix socket; nothing where the system does not say.
std::optional<uid_t> peer_of_unix_socket(int descriptor);

}  // namespace evenkeel
