// A replica's transactions against its source's, the replica read first: what the source wrote in
// between is then "behind" and never "errant".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gtid_set.h"
#include "replica_reading.h"

namespace evenkeel::replication {

struct SourceReading {
  std::string where;  // "db1:3306"
  bool mariadb = false;
  bool binary_log = true;
  bool keeps_gtids = true;  // of what it writes: a binary log, and gtid_mode
  std::string gtid_mode;    // MySQL
  std::string server_uuid;  // MySQL
  std::string server_id;
  std::vector<ChannelStatus> channels;  // its own, where they were asked for and may be read
  bool follows_nobody = false;          // they were, and there is none
  GtidSet executed;                     // MySQL: gtid_executed
  mysql::GtidPosition written;          // MariaDB: gtid_binlog_pos
  mysql::GtidPosition received;         // MariaDB: gtid_slave_pos
  mysql::GtidPosition logged;           // MariaDB: gtid_binlog_state
  bool logs_received = true;            // MariaDB: log_slave_updates
  mysql::GtidPosition known;            // MariaDB: gtid_binlog_state and gtid_slave_pos
};

struct Errant {
  std::uint64_t count = 0;
  std::string names;  // bounded
};

Errant both(const Errant& one, const Errant& other);

struct Comparison {
  std::optional<std::uint64_t> behind;  // nothing where it cannot be known
  Errant own;                           // what the replica wrote itself: errant whichever source one asks
  Errant received;                      // and what came from elsewhere
  bool at_least = false;                // MariaDB keeps the last number of each server, no sets
  bool own_is_seen = true;              // the replica has a binary log that numbers what it writes
  std::string behind_unknown = {};      // why there is no `behind`
  std::string left_out = {};            // which of the source's domains were not compared
};

// `channel` is the one that leads to this source, or nullptr where none names it; then all its
// transactions count. `others` are the other channels' sources, as far as they were read.
// Throws Error(Fault::protocol) where the two cannot be compared.
Comparison compare(const ReplicaReading& replica, const ChannelStatus* channel, const SourceReading& source,
                   const std::vector<const SourceReading*>& others);

// What OFF and OFF_PERMISSIVE write has no GTID.
bool has_gtids(const std::string& gtid_mode);

// The channel that leads to this source: by its uuid or server id; the only channel in any case.
const ChannelStatus* channel_of(const ReplicaReading& replica, const SourceReading& source);

// Whether the server that answered is the one the channel names. A name such as 127.0.0.1 means
// another server here than there.
bool is_source_of(const ChannelStatus& channel, const SourceReading& source);

// False before it has connected: MariaDB forgets it with each restart, MySQL when it is pointed elsewhere.
bool knows_its_source(const ChannelStatus& channel);

}  // namespace evenkeel::replication
