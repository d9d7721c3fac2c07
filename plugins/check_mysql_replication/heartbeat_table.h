// Lag from a table that pt-heartbeat writes on the source.
// Source: Percona Toolkit documentation, pt-heartbeat: ts varchar(26), server_id int unsigned, …; ts is
// the writer's local time, with --utc it is UTC.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "channel_status.h"
#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::replication {

struct HeartbeatTable {
  std::string name;    // as typed: percona.heartbeat
  std::string quoted;  // `percona`.`heartbeat`
  bool utc = false;
  std::string server_id;  // --heartbeat-server-id; empty: the source's

  // DB.TABLE. Throws Error(Fault::usage) naming --heartbeat.
  static HeartbeatTable parse(std::string_view text, bool utc);
  std::string query() const;
};

struct Heartbeat {
  std::string server_id;      // empty in tables without that column
  std::optional<double> age;  // seconds by the replica's clock; negative where clocks differ
};

std::vector<Heartbeat> heartbeats_from(const mysql::Rows& rows);

// The heartbeat that belongs to a channel: that of the server asked for, else of its source. A source that is
// itself a replica hands on the rows of the one above it: then, with one channel only, the latest row counts.
const Heartbeat* heartbeat_of(const std::vector<Heartbeat>& heartbeats, const std::string& wanted_server_id,
                              const ChannelStatus& channel, bool only_channel,
                              const std::string& own_server_id);

struct HeartbeatLag {
  std::optional<double> seconds;
  std::string by;       // " by the heartbeat of server 1 in percona.heartbeat"
  std::string problem;  // why there is none
  bool no_row = false;  // of the server that was asked for, or of any but this one
};

// As heartbeat_of; a cluster member without a channel goes by an empty one.
HeartbeatLag heartbeat_lag(const std::vector<Heartbeat>& heartbeats, const HeartbeatTable& table,
                           const ChannelStatus& channel, bool only_channel, const std::string& own_server_id);

// Clocks differ by seconds; a heartbeat further ahead than this was written in another time zone.
constexpr double most_clock_skew = 60;

}  // namespace evenkeel::replication
