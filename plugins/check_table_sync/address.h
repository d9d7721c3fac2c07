// What answers at one address, as all connections to it see it. A proxy may lead each to another server.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "evenkeel/error.h"
#include "evenkeel/mysql/server_identity.h"

namespace evenkeel::table_sync {

class SeveralServers : public Error {
 public:
  SeveralServers(const mysql::ServerIdentity& first, const mysql::ServerIdentity& other)
      : Error(Fault::protocol, "several servers answer at this address (" + first.text() + "; " +
                                   other.text() + "), so that there is no one to compare") {}
};

class Address {
 public:
  // Throws SeveralServers where it is not the one that was seen first.
  void saw(const mysql::ServerIdentity& server) {
    if (!server.known()) return;
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = server;
    if (!is_first(server)) throw SeveralServers(*first_, server);
  }

  mysql::ServerIdentity server() const {
    const std::lock_guard lock(mutex_);
    return first_.value_or(mysql::ServerIdentity());
  }

 private:
  bool is_first(const mysql::ServerIdentity& server) const {
    return server.uuid == first_->uuid && server.host == first_->host && server.port == first_->port &&
           server.server_id == first_->server_id && server.data_dir == first_->data_dir;
  }

  mutable std::mutex mutex_;
  std::optional<mysql::ServerIdentity> first_;
};

}  // namespace evenkeel::table_sync
