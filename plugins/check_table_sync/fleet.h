// The servers of a run, as all workers see them: who they are, and which are lost by now.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "crew.h"
#include "dialect.h"
#include "evenkeel/mysql/sql_session.h"
#include "executed.h"

namespace evenkeel::table_sync {

class Fleet {
 public:
  struct Server {
    mysql::Login login;
    Dialect dialect;
    std::string account;                       // 'monitor'@'%', for a GRANT
    std::optional<ReplicaStatus> replication;  // nothing where the account may not see it
    std::string log_name;  // of its binary log, where that is needed to see whether others apply
  };

  Fleet(const std::vector<mysql::Login>& logins, std::size_t reference) : reference_(reference) {
    for (const mysql::Login& login : logins) servers_.push_back({login, {}, {}, {}, {}});
    lost_.resize(logins.size());
    not_applying_.resize(logins.size());
  }

  std::size_t size() const { return servers_.size(); }
  Server& operator[](std::size_t i) { return servers_[i]; }  // not once there are workers
  const Server& operator[](std::size_t i) const { return servers_[i]; }
  const std::string& name(std::size_t i) const { return servers_[i].login.name; }
  // By server, for a task that outlives the call.
  std::vector<Dialect> dialects() const {
    std::vector<Dialect> all;
    all.reserve(servers_.size());
    for (const Server& server : servers_) all.push_back(server.dialect);
    return all;
  }

  // The first failure stays.
  void lose(std::size_t server, const Failure& failure) {
    const std::lock_guard lock(mutex_);
    if (!lost_[server]) lost_[server] = failure;
  }
  // It answers, but has not applied what the others had executed: no row of it can be confirmed.
  void note_not_applying(std::size_t server, const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (!not_applying_[server]) not_applying_[server] = why;
  }

  std::vector<std::size_t> answering() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < servers_.size(); ++i)
      if (!lost_[i]) result.push_back(i);
    return result;
  }
  std::optional<Failure> failure_of(std::size_t server) const {
    const std::lock_guard lock(mutex_);
    return lost_[server];
  }
  std::optional<std::string> not_applying(std::size_t server) const {
    const std::lock_guard lock(mutex_);
    return not_applying_[server];
  }

  // Whose side is taken where no majority decides; the first that answers where it does not.
  std::size_t reference() const {
    const std::lock_guard lock(mutex_);
    if (!lost_[reference_]) return reference_;
    for (std::size_t i = 0; i < servers_.size(); ++i)
      if (!lost_[i]) return i;
    return reference_;
  }

 private:
  std::vector<Server> servers_;
  std::size_t reference_;
  mutable std::mutex mutex_;
  std::vector<std::optional<Failure>> lost_;
  std::vector<std::optional<std::string>> not_applying_;
};

}  // namespace evenkeel::table_sync
