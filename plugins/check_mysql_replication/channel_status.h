// One replication channel as the replica itself tells it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::replication {

enum class ThreadState {
  running,
  stopped,
  connecting,  // IO thread: no connection to the source
  preparing,   // MariaDB's IO thread: connected, nothing read yet
};

struct ReplicationThread {
  ThreadState state = ThreadState::stopped;
  unsigned error = 0;
  std::string error_text;
  std::string doing;  // the server's own words: "Waiting for source to send event"

  bool running() const { return state == ThreadState::running; }
  // It counts as running, and cannot write: mysys waits for space instead of failing.
  bool waits_for_disk() const;
  // The IO thread, until the SQL thread has freed some of relay_log_space_limit.
  bool waits_for_relay_log_space() const;
  bool goes_on() const { return running() && !waits_for_disk(); }
};

struct ChannelStatus {
  std::string name;  // empty for the default channel
  std::string source_host;
  std::uint16_t source_port = 0;
  std::string source_uuid;  // MySQL
  std::string source_server_id;
  ReplicationThread io;
  ReplicationThread sql;
  std::optional<double> seconds_behind;
  double configured_delay = 0;
  std::string until;  // of START REPLICA UNTIL: "Source binlog.000003:1234"; empty without one

  // What arrived: MySQL's transactions, MariaDB's counters and positions.
  std::string retrieved_gtid_set;
  std::string executed_gtid_set;  // of the whole server, not of this channel
  std::optional<std::uint64_t> heartbeats_received;
  std::optional<double> heartbeat_period;
  std::string read_position;  // changes with each event that arrives
  std::string relay_log_file;
  std::uint64_t relay_log_space = 0;
  std::string received_position;  // MariaDB: Gtid_IO_Pos, else Gtid_Slave_Pos

  // What it leaves out of that.
  struct Filter {
    std::string option;  // "replicate_do_db"
    std::string value;
  };
  std::vector<Filter> filters;               // those that are set
  std::vector<std::string> ignored_servers;  // Replicate_Ignore_Server_Ids
  std::vector<std::string> only_domains;     // MariaDB: Replicate_Do_Domain_Ids
  std::vector<std::string> ignored_domains;  // MariaDB: Replicate_Ignore_Domain_Ids

  std::string source() const;     // "db1:3306"
  bool belongs_to_group() const;  // group_replication_applier, group_replication_recovery
  // Whether the IO thread takes what comes; while it does not, silence says nothing of the source.
  bool is_listening() const { return io.goes_on() && !io.waits_for_relay_log_space(); }
};

// The rows of SHOW REPLICA STATUS, SHOW SLAVE STATUS or SHOW ALL SLAVES STATUS of any version, told apart
// by their columns. Throws Error(Fault::protocol) for rows that say nothing about replication threads.
std::vector<ChannelStatus> channels_from(const mysql::Rows& rows);

// Whether MariaDB's columns came back: such an answer may leave out named channels.
bool speaks_mariadb(const mysql::Rows& rows);

}  // namespace evenkeel::replication
