#include "socket_peer.h"

#include <utility>

#include "evenkeel/unix_socket.h"

namespace evenkeel::mysql {

namespace {

thread_local SocketPeer* current_peer = nullptr;

}  // namespace

SocketPeer::SocketPeer(std::string path) : path_(std::move(path)) { current_peer = this; }

SocketPeer::~SocketPeer() { current_peer = nullptr; }

SocketPeer* SocketPeer::current() { return current_peer; }

bool SocketPeer::accept(int descriptor) {
  if (!flaw_.empty()) return false;
  // What servers run as, by the packages of MySQL, MariaDB and Percona.
  flaw_ = flaw_of_peer(descriptor, path_, {"mysql", "mariadb"});
  return flaw_.empty();
}

}  // namespace evenkeel::mysql
