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
    status.channels.push_back(std::move(channel));
  }
  return status;
}

}  // namespace evenkeel::table_sync
