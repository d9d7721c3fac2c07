#include "read_replica.h"

#include <algorithm>
#include <thread>

#include "cluster_load.h"
#include "evenkeel/mysql/grants.h"
#include "evenkeel/mysql/server_text.h"
#include "evenkeel/text.h"
#include "inquiry.h"

namespace evenkeel::replication {

namespace {

constexpr int syntax_error = 1064;
constexpr int unknown_database = 1049;
constexpr int unknown_column = 1054;
constexpr int no_such_table = 1146;
constexpr int unknown_variable = 1193;
constexpr const char* status_purpose = "reading the replication status";

constexpr auto between_looks = std::chrono::milliseconds(250);

class Reader {
 public:
  Reader(mysql::SqlSession& session, const ReplicaQuestions& questions)
      : inquiry_(session), questions_(questions) {
    reading_.version = mysql::ServerVersion::parse(session.server_version());
  }

  ReplicaReading read() {
    for (ChannelStatus& channel : channels_from(status_rows()))
      (channel.belongs_to_group() ? reading_.group_channels : reading_.channels)
          .push_back(std::move(channel));
    reading_.taken = std::chrono::steady_clock::now();
    if (questions_.gtids && reading_.version.mariadb) read_positions();
    read_server();
    if (has_performance_schema(variables_)) read_performance_schema();
    if (reading_.server.uptime)
      for (const ChannelStatus& channel : reading_.channels)
        reading_.last_heard[channel.name].connected = reading_.server.uptime;
    if (questions_.heartbeat && (!reading_.channels.empty() || is_cluster_member()))
      read_heartbeats(*questions_.heartbeat);
    return std::move(reading_);
  }

 private:
  mysql::Rows status_rows() {
    try {
      return first_understood_status();
    } catch (const mysql::SqlError& error) {
      if (!error.lacks_privilege()) throw;
      throw mysql::SqlError(error.fault(), error.code(),
                            "may not read the replication status: " +
                                mysql::grant_for_replica_status(reading_.version, inquiry_.account()));
    }
  }

  // The version only says what to try first; the columns say what came back.
  mysql::Rows first_understood_status() {
    if (!reading_.version.mariadb) {
      const std::optional<mysql::Rows> rows = understood("SHOW REPLICA STATUS", status_purpose);
      if (rows && !speaks_mariadb(*rows)) return *rows;
      reading_.version.mariadb = rows.has_value();
    }
    // MariaDB's other statements leave out named channels.
    if (const std::optional<mysql::Rows> rows =
            understood("SHOW ALL SLAVES STATUS", mariadb_status_purpose)) {
      reading_.version.mariadb = true;
      return *rows;
    }
    mysql::Rows rows = inquiry_.ask(status_purpose, "SHOW SLAVE STATUS");
    reading_.version.mariadb = speaks_mariadb(rows);
    return rows;
  }

  std::optional<mysql::Rows> understood(const std::string& sql, const char* purpose) {
    try {
      return inquiry_.ask(purpose, sql);
    } catch (const mysql::SqlError& error) {
      if (error.code() != syntax_error) throw;
      return std::nullopt;
    }
  }

  void read_positions() {
    const mysql::Rows rows =
        inquiry_.ask("reading GTID positions",
                     "SELECT @@GLOBAL.gtid_slave_pos AS applied, @@GLOBAL.gtid_binlog_state AS written");
    reading_.applied = mysql::GtidPosition::parse(rows.at(0, "applied").value_or(""));
    reading_.written = mysql::GtidPosition::parse(rows.at(0, "written").value_or(""));
  }

  Variables variables() {
    const std::string step = "reading variables";
    try {
      if (reading_.version.mariadb) return Variables::selected(inquiry_.ask(step, mariadb_variables_query()));
    } catch (const mysql::SqlError& error) {
      if (error.code() != unknown_variable) throw;
    }
    return Variables(inquiry_.ask(step, variables_query()));
  }

  void read_server() {
    variables_ = variables();
    const std::string query = status_query(variables_);
    const Variables status = query.empty() ? Variables() : Variables(inquiry_.ask("reading status", query));
    reading_.server = server_state_from(variables_, status);
    if (is_group_member(variables_)) read_group();
    if (reading_.server.galera || reading_.server.group) read_cluster_load();
  }

  bool is_cluster_member() const {
    return reading_.server.galera || reading_.server.in_a_group || !reading_.group_channels.empty();
  }

  std::optional<ClusterLook> look_at_cluster() {
    if (reading_.server.galera)
      return galera_look(Variables(inquiry_.ask("reading the cluster's status", galera_look_query())));
    const auto rows = permitted("the group's queue", group_look_query());
    return rows ? group_look(*rows) : std::nullopt;
  }

  // A member that is joining, or lends its data to one that does, has its finding, and a queue by nature.
  bool is_to_keep_up() const {
    if (reading_.server.galera) return lower(reading_.server.galera->local_state) == "synced";
    const GroupState::Member* const own = reading_.server.group ? reading_.server.group->own() : nullptr;
    return own != nullptr && lower(own->state) == "online";
  }

  void read_cluster_load() {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    const std::optional<ClusterLook> first = look_at_cluster();
    if (!first) return;
    ClusterWatch watch(*first);
    while (is_to_keep_up() && watch.goes_on() && Clock::now() - begin < questions_.patience) {
      std::this_thread::sleep_for(between_looks);
      const std::optional<ClusterLook> look = look_at_cluster();
      if (!look) return;
      watch.look_again(*look, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    reading_.server.cluster_load = watch.load();
  }

  void read_group() {
    const auto rows =
        permitted("group replication", "SELECT * FROM performance_schema.replication_group_members");
    if (rows) reading_.server.group = group_from(*rows, reading_.server.server_uuid);
  }

  void read_performance_schema() {
    if (reading_.channels.empty()) return;
    read_last_heard();
    const bool failed = std::any_of(reading_.channels.begin(), reading_.channels.end(),
                                    [](const ChannelStatus& channel) { return channel.sql.error != 0; });
    if (failed) read_worker_errors();
  }

  void read_last_heard() {
    try {
      const auto rows = permitted("last_heard", last_heard_query());
      if (!rows) return;
      reading_.last_heard = last_heard_from(*rows);
      fill_counters(*rows, reading_.channels);
    } catch (const mysql::SqlError& error) {
      // MySQL 5.7 has the heartbeat's time only, and sends none while there are events; 5.6 has nothing.
      if (error.code() == no_such_table) return;
      if (error.code() != unknown_column) throw;
      if (const auto rows = permitted("last_heard", counters_query()))
        fill_counters(*rows, reading_.channels);
    }
  }

  // The channel's own error only says that one of its workers had one.
  void read_worker_errors() {
    const auto rows =
        permitted("the worker's error",
                  "SELECT CHANNEL_NAME, LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE"
                  " FROM performance_schema.replication_applier_status_by_worker WHERE LAST_ERROR_NUMBER <> 0"
                  " ORDER BY LAST_ERROR_TIMESTAMP LIMIT 100");
    if (!rows) return;
    for (ChannelStatus& channel : reading_.channels)
      for (std::size_t i = 0; i < rows->rows.size(); ++i)
        if (rows->at(i, "CHANNEL_NAME") == channel.name &&
            rows->at(i, "LAST_ERROR_NUMBER") == std::to_string(channel.sql.error)) {
          if (const mysql::Cell text = rows->at(i, "LAST_ERROR_MESSAGE"))
            channel.sql.error_text = mysql::without_credentials(channel.sql.error, *text);
          break;
        }
  }

  void read_heartbeats(const HeartbeatTable& table) {
    try {
      reading_.heartbeats = heartbeats_from(inquiry_.ask("--heartbeat " + table.name, table.query()));
    } catch (const mysql::SqlError& error) {
      if (!error.lacks_privilege() && error.fault() != Fault::protocol) throw;
      const bool denied = error.fault() == Fault::denied && error.code() != unknown_database;
      reading_.not_readable.push_back(denied
                                          ? "may not read " + table.name + ", or there is no such table: " +
                                                mysql::grant_for_table(table.quoted, inquiry_.account())
                                          : error.what());
    }
  }

  // Nothing, and a remark, where the performance schema is closed to us.
  std::optional<mysql::Rows> permitted(const std::string& what, const std::string& sql) {
    try {
      return inquiry_.ask("reading " + what, sql);
    } catch (const mysql::SqlError& error) {
      if (!error.lacks_privilege()) throw;
      const std::string text =
          "may not read performance_schema: " + mysql::grant_for_performance_schema(inquiry_.account());
      if (std::find(reading_.not_readable.begin(), reading_.not_readable.end(), text) ==
          reading_.not_readable.end())
        reading_.not_readable.push_back(text);
      return std::nullopt;
    }
  }

  Inquiry inquiry_;
  const ReplicaQuestions& questions_;
  ReplicaReading reading_;
  Variables variables_;
};

}  // namespace

ReplicaReading read_replica(mysql::SqlSession& session, const ReplicaQuestions& questions) {
  return Reader(session, questions).read();
}

}  // namespace evenkeel::replication
