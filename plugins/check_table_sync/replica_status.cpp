#include "replica_status.h"

#include <charconv>

#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

mysql::Cell either(const mysql::Rows& rows, std::size_t row, const char* name, const char* old_name) {
  return rows.has(name) ? rows.at(row, name) : rows.at(row, old_name);
}

}  // namespace

ReplicaStatus read_replica_status(const Dialect& dialect, mysql::SqlSession& session) {
  const char* statement = dialect.is_mariadb()       ? "SHOW ALL SLAVES STATUS"
                          : dialect.version >= 80022 ? "SHOW REPLICA STATUS"
                                                     : "SHOW SLAVE STATUS";
  const mysql::Rows rows = session.query(statement);
  ReplicaStatus status;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    ReplicaStatus::Channel channel;
    channel.name = either(rows, row, "Channel_Name", "Connection_name").value_or("");
    const std::string id = either(rows, row, "Source_Server_Id", "Master_Server_Id").value_or("0");
    std::from_chars(id.data(), id.data() + id.size(), channel.source_id);
    double lag = 0;
    const mysql::Cell behind = either(rows, row, "Seconds_Behind_Source", "Seconds_Behind_Master");
    if (behind && parse_number(*behind, lag)) channel.lag = lag;
    channel.io = either(rows, row, "Replica_IO_Running", "Slave_IO_Running").value_or("");
    channel.sql = either(rows, row, "Replica_SQL_Running", "Slave_SQL_Running").value_or("");
    parse_number(rows.at(row, "SQL_Delay").value_or("0"), channel.delay);
    status.channels.push_back(std::move(channel));
  }
  return status;
}

std::string why_not_applying(const ReplicaStatus& status) {
  for (const ReplicaStatus::Channel& channel : status.channels) {
    const std::string of = channel.name.empty() ? "" : " of channel " + clean(channel.name, 60);
    const bool io = lower(channel.io) == "no", sql = lower(channel.sql) == "no";
    if (io && sql) return "replication" + of + " is stopped: neither of its threads runs";
    if (sql) return "replication" + of + " is stopped: its SQL thread does not run";
    if (io) return "replication" + of + " is stopped: its IO thread does not run";
    if (lower(channel.io) == "connecting")
      return "replication" + of + " does not reach its source: its IO thread is connecting";
  }
  for (const ReplicaStatus::Channel& channel : status.channels)
    if (channel.delay > 0) return "replication is delayed on purpose by " + format_seconds(channel.delay);
  return {};
}

}  // namespace evenkeel::table_sync
