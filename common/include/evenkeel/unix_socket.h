// Whether the server at the other end of a Unix socket is the one that was meant. In /tmp everyone can put a
// socket in the place of a server that is down, and be given the password that was meant for that server.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace evenkeel {

// Asked of a connected socket, before anything secret is sent: why its peer must not be given it; empty where
// it may have it. `path` is the Unix socket that was to be connected to, and empty for TCP: a connection of
// the other kind is refused, as a Unix socket may be given the password itself. TCP has no other flaw here.
//
// The peer comes first: root, ourselves and the accounts with these names are trusted wherever they listen.
// Any other peer may have chosen this very moment to change what the path leads to. So it is trusted only
// where no stranger can put anything on the way: see weak_point.h.
std::string flaw_of_peer(int descriptor, const std::string& path,
                         const std::vector<std::string>& trusted_accounts);

// The same for a peer with this number; nothing where the system does not say who listens.
std::string flaw_of_unix_socket(const std::string& path, std::optional<uid_t> peer,
                                const std::vector<std::string>& trusted_accounts);

bool is_unix_socket(int descriptor);

}  // namespace evenkeel
