// All that one run reads of one replica: plain values, no opinion.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "channel_status.h"
#include "evenkeel/mysql/gtid_position.h"
#include "evenkeel/mysql/server_version.h"
#include "evenkeel/status.h"
#include "heartbeat_table.h"
#include "last_heard.h"
#include "server_state.h"

namespace evenkeel::replication {

struct ReplicaReading {
  mysql::ServerVersion version;
  std::vector<ChannelStatus> channels;
  // MySQL's own, of group replication: without a source, and with an SQL thread only.
  std::vector<ChannelStatus> group_channels;
  ServerState server;
  LastHeardByChannel last_heard;
  std::optional<std::vector<Heartbeat>> heartbeats;  // where --heartbeat was asked for and could be read

  // MariaDB with --source. MySQL's set stands in the channel's status.
  mysql::GtidPosition applied;  // gtid_slave_pos
  mysql::GtidPosition written;  // gtid_binlog_state

  std::vector<std::string> not_readable;  // each is a finding: what could not be looked at, and why
  std::chrono::steady_clock::time_point taken;
};

}  // namespace evenkeel::replication
