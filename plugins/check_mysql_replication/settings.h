// What the user wants to be told, beside thresholds.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/mysql/sql_session.h"
#include "evenkeel/status.h"
#include "evenkeel/target.h"
#include "heartbeat_table.h"

namespace evenkeel::replication {

struct Settings {
  std::vector<std::string> channels;  // which must be there; empty: whichever there are
  Status stopped = Status::critical;
  Status not_replica = Status::critical;
  bool allow_writable = false;
  std::optional<HeartbeatTable> heartbeat;
  bool source_of_each_channel = false;  // --source auto
  std::optional<HostPort> source;
  std::optional<mysql::Login> source_login;  // --source-file; without it, the replica's
  std::size_t parallel = 64;

  bool compares() const { return source_of_each_channel || source.has_value(); }
};

// How messages, labels and --channel call the channel without a name.
inline constexpr const char* default_channel = "default";

}  // namespace evenkeel::replication
