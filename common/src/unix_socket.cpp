#include "evenkeel/unix_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>

#include "evenkeel/text.h"
#include "trusted_users.h"
#include "weak_point.h"

namespace evenkeel {

namespace {

std::optional<uid_t> peer_of(int descriptor) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return credentials.uid;
}

// Abstract sockets stand in no folder, so that there is nothing that could keep a stranger out.
bool is_abstract(int descriptor) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return true;
  return size <= offsetof(sockaddr_un, sun_path) || address.sun_path[0] == '\0';
}

std::string listener(std::optional<uid_t> peer) {
  return peer ? "uid " + std::to_string(*peer) + " listens at this one"
              : "the system does not say who listens at this one";
}

}  // namespace

bool is_unix_socket(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
         address.ss_family == AF_UNIX;
}

std::string flaw_of_unix_socket(const std::string& path, std::optional<uid_t> peer,
                                const std::vector<std::string>& trusted_accounts) {
  const TrustedUsers trusted(trusted_accounts);
  if (peer && trusted.include(*peer)) return {};
  const WeakPoint weak = weak_point_of(path, trusted);
  if (weak.folder.empty()) return {};
  const std::string folder = clean(weak.folder, 200);
  return (weak.is_open ? "everyone may put a socket into " + folder
                       : "the way to the socket ends in " + folder + " by now") +
         ", and " + listener(peer);
}

std::string flaw_of_peer(int descriptor, const std::string& path,
                         const std::vector<std::string>& trusted_accounts) {
  const bool is_unix = is_unix_socket(descriptor);
  if (is_unix && path.empty()) return "the connection is by a Unix socket, which nobody asked for";
  if (!is_unix) return path.empty() ? "" : "the connection is not by the Unix socket that was asked for";
  const std::optional<uid_t> peer = peer_of(descriptor);
  if (!is_abstract(descriptor)) return flaw_of_unix_socket(path, peer, trusted_accounts);
  if (peer && TrustedUsers(trusted_accounts).include(*peer)) return {};
  return "everyone may take the name of an abstract socket, and " + listener(peer);
}

}  // namespace evenkeel
