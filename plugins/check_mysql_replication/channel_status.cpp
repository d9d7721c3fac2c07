#include "channel_status.h"

#include <initializer_list>
#include <string_view>

#include "evenkeel/mysql/server_text.h"
#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

// One row, where a column has had one name before MySQL 8.0.22 and another one since.
class Row {
 public:
  Row(const mysql::Rows& rows, std::size_t index) : rows_(rows), index_(index) {}

  mysql::Cell cell(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names)
      if (rows_.has(name)) return rows_.at(index_, name);
    return std::nullopt;
  }

  std::string text(std::initializer_list<std::string_view> names) const { return cell(names).value_or(""); }

  // What the server wrote for people, which may quote a statement.
  std::string words(unsigned error, std::initializer_list<std::string_view> names) const {
    return mysql::without_credentials(error, text(names));
  }

  std::optional<double> number(std::initializer_list<std::string_view> names) const {
    double value = 0;
    const mysql::Cell found = cell(names);
    if (!found || !parse_number(*found, value)) return std::nullopt;
    return value;
  }

  template <class Integer>
  std::optional<Integer> whole(std::initializer_list<std::string_view> names) const {
    const mysql::Cell found = cell(names);
    return found ? parse_integer<Integer>(*found) : std::nullopt;
  }

 private:
  const mysql::Rows& rows_;
  std::size_t index_;
};

ThreadState state_from(const mysql::Cell& cell, std::string_view thread) {
  const std::string word = lower(trim(cell.value_or("")));
  if (word == "yes") return ThreadState::running;
  if (word == "no") return ThreadState::stopped;
  if (word == "connecting") return ThreadState::connecting;
  if (word == "preparing") return ThreadState::preparing;
  throw Error(Fault::protocol, "replication status says \"" + clean(word, 40) + "\" of the " +
                                   std::string(thread) + " thread; expected Yes, No or Connecting");
}

std::vector<std::string> list_from(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::string_view item = trim(take_until(text, ','));
    if (!item.empty()) items.emplace_back(item);
  }
  return items;
}

ReplicationThread io_thread_from(const Row& row) {
  ReplicationThread thread;
  thread.state = state_from(row.cell({"Replica_IO_Running", "Slave_IO_Running"}), "IO");
  thread.error = row.whole<unsigned>({"Last_IO_Errno"}).value_or(0);
  thread.error_text = row.words(thread.error, {"Last_IO_Error"});
  thread.doing = row.words(0, {"Replica_IO_State", "Slave_IO_State"});
  return thread;
}

ReplicationThread sql_thread_from(const Row& row) {
  ReplicationThread thread;
  thread.state = state_from(row.cell({"Replica_SQL_Running", "Slave_SQL_Running"}), "SQL");
  thread.error = row.whole<unsigned>({"Last_SQL_Errno", "Last_Errno"}).value_or(0);
  thread.error_text = row.words(thread.error, {"Last_SQL_Error", "Last_Error"});
  thread.doing = row.words(0, {"Replica_SQL_Running_State", "Slave_SQL_Running_State", "Slave_SQL_State"});
  return thread;
}

// MariaDB's "Gtid" comes without its position.
std::string until_from(const Row& row) {
  const std::string condition = row.text({"Until_Condition"});
  if (condition.empty() || lower(condition) == "none") return {};
  const std::string file = row.text({"Until_Log_File"});
  return file.empty() ? condition : condition + " " + file + ":" + row.text({"Until_Log_Pos"});
}

std::vector<ChannelStatus::Filter> filters_from(const Row& row) {
  std::vector<ChannelStatus::Filter> filters;
  for (const char* column :
       {"Replicate_Do_DB", "Replicate_Ignore_DB", "Replicate_Do_Table", "Replicate_Ignore_Table",
        "Replicate_Wild_Do_Table", "Replicate_Wild_Ignore_Table", "Replicate_Rewrite_DB",
        "Replicate_Ignore_Server_Ids", "Replicate_Do_Domain_Ids", "Replicate_Ignore_Domain_Ids"}) {
    const std::string value = row.text({column});
    if (!trim(value).empty()) filters.push_back({lower(column), value});
  }
  return filters;
}

ChannelStatus channel_from(const Row& row) {
  ChannelStatus channel;
  channel.name = row.text({"Channel_Name", "Connection_name"});
  channel.source_host = row.text({"Source_Host", "Master_Host"});
  channel.source_port = row.whole<std::uint16_t>({"Source_Port", "Master_Port"}).value_or(0);
  channel.source_uuid = row.text({"Source_UUID", "Master_UUID"});
  channel.source_server_id = row.text({"Source_Server_Id", "Master_Server_Id"});
  channel.io = io_thread_from(row);
  channel.sql = sql_thread_from(row);
  channel.seconds_behind = row.number({"Seconds_Behind_Source", "Seconds_Behind_Master"});
  channel.configured_delay = row.number({"SQL_Delay"}).value_or(0);
  channel.until = until_from(row);
  channel.retrieved_gtid_set = row.text({"Retrieved_Gtid_Set"});
  channel.executed_gtid_set = row.text({"Executed_Gtid_Set"});
  channel.heartbeats_received = row.whole<std::uint64_t>({"Slave_received_heartbeats"});
  channel.heartbeat_period = row.number({"Slave_heartbeat_period"});
  channel.read_position = row.text({"Source_Log_File", "Master_Log_File"}) + ":" +
                          row.text({"Read_Source_Log_Pos", "Read_Master_Log_Pos"}) + " " +
                          row.text({"Gtid_IO_Pos"});
  channel.relay_log_file = row.text({"Relay_Log_File"});
  channel.relay_log_space = row.whole<std::uint64_t>({"Relay_Log_Space"}).value_or(0);
  channel.received_position = row.text({"Gtid_IO_Pos"});
  if (channel.received_position.empty()) channel.received_position = row.text({"Gtid_Slave_Pos"});
  channel.filters = filters_from(row);
  channel.ignored_servers = list_from(row.text({"Replicate_Ignore_Server_Ids"}));
  channel.only_domains = list_from(row.text({"Replicate_Do_Domain_Ids"}));
  channel.ignored_domains = list_from(row.text({"Replicate_Ignore_Domain_Ids"}));
  return channel;
}

bool says_any_of(const std::string& doing, std::initializer_list<std::string_view> phrases) {
  const std::string text = lower(doing);
  for (const std::string_view phrase : phrases)
    if (text.find(phrase) != std::string::npos) return true;
  return false;
}

}  // namespace

bool ReplicationThread::waits_for_disk() const {
  return says_any_of(doing,
                     {"waiting for disk space", "waiting for someone to free", "disk is full", "disk full"});
}

bool ReplicationThread::waits_for_relay_log_space() const { return says_any_of(doing, {"relay log space"}); }

std::string ChannelStatus::source() const {
  const bool ipv6 = source_host.find(':') != std::string::npos;
  return (ipv6 ? "[" + source_host + "]" : source_host) + ":" + std::to_string(source_port);
}

bool ChannelStatus::belongs_to_group() const {
  return name == "group_replication_applier" || name == "group_replication_recovery";
}

std::vector<ChannelStatus> channels_from(const mysql::Rows& rows) {
  std::vector<ChannelStatus> channels;
  if (rows.rows.empty()) return channels;
  if (!rows.has("Replica_IO_Running") && !rows.has("Slave_IO_Running"))
    throw Error(Fault::protocol,
                "the replication status has no column Replica_IO_Running or Slave_IO_Running");
  for (std::size_t i = 0; i < rows.rows.size(); ++i) channels.push_back(channel_from(Row(rows, i)));
  return channels;
}

bool speaks_mariadb(const mysql::Rows& rows) { return rows.has("Using_Gtid") || rows.has("Connection_name"); }

}  // namespace evenkeel::replication
