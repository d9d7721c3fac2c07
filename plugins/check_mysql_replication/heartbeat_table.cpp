#include "heartbeat_table.h"

#include "evenkeel/error.h"
#include "evenkeel/mysql/quoting.h"
#include "evenkeel/text.h"

namespace evenkeel::replication {

HeartbeatTable HeartbeatTable::parse(std::string_view text, bool utc) {
  const std::size_t dot = text.find('.');
  const bool one_dot = dot != std::string_view::npos && text.find('.', dot + 1) == std::string_view::npos;
  if (!one_dot || dot == 0 || dot + 1 == text.size())
    throw usage_error("--heartbeat: \"" + clean(text, 80) + "\" is not DB.TABLE");
  return {std::string(text),
          mysql::quoted_name(text.substr(0, dot)) + "." + mysql::quoted_name(text.substr(dot + 1)),
          utc,
          {}};
}

std::string HeartbeatTable::query() const {
  const std::string now = utc ? "UTC_TIMESTAMP(6)" : "NOW(6)";
  return "SELECT h.*, TIMESTAMPDIFF(MICROSECOND, h.ts, " + now + ") AS evenkeel_age FROM " + quoted +
         " AS h LIMIT 1000";
}

std::vector<Heartbeat> heartbeats_from(const mysql::Rows& rows) {
  std::vector<Heartbeat> heartbeats;
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    Heartbeat heartbeat;
    heartbeat.server_id = rows.at(i, "server_id").value_or("");
    const mysql::Cell age = rows.at(i, "evenkeel_age");
    double microseconds = 0;
    if (age && parse_number(*age, microseconds)) heartbeat.age = microseconds / 1e6;
    heartbeats.push_back(std::move(heartbeat));
  }
  return heartbeats;
}

const Heartbeat* heartbeat_of(const std::vector<Heartbeat>& heartbeats, const std::string& wanted_server_id,
                              const ChannelStatus& channel, bool only_channel,
                              const std::string& own_server_id) {
  const std::string& first = wanted_server_id.empty() ? channel.source_server_id : wanted_server_id;
  const Heartbeat* latest = nullptr;
  for (const Heartbeat& heartbeat : heartbeats) {
    if (!heartbeat.server_id.empty() && heartbeat.server_id == first) return &heartbeat;
    // What this server writes for its own replicas says nothing about it.
    if (!heartbeat.server_id.empty() && heartbeat.server_id == own_server_id) continue;
    const bool later = latest == nullptr || !latest->age || (heartbeat.age && *heartbeat.age < *latest->age);
    if (later) latest = &heartbeat;
  }
  return only_channel && wanted_server_id.empty() ? latest : nullptr;
}

HeartbeatLag heartbeat_lag(const std::vector<Heartbeat>& heartbeats, const HeartbeatTable& table,
                           const ChannelStatus& channel, bool only_channel,
                           const std::string& own_server_id) {
  HeartbeatLag lag;
  const std::string& wanted = table.server_id;
  const Heartbeat* const found = heartbeat_of(heartbeats, wanted, channel, only_channel, own_server_id);
  if (!wanted.empty() && wanted == own_server_id) {
    // It is fresh as long as this server writes, whatever its source does.
    lag.problem = "--heartbeat-server-id " + wanted + ": that is this server's own heartbeat";
  } else if (found == nullptr) {
    const std::string whose = clean(wanted.empty() ? channel.source_server_id : wanted, 20);
    lag.problem =
        "no heartbeat of " + (whose.empty() ? "another server" : "server " + whose) + " in " + table.name;
    lag.no_row = true;
  } else if (!found->age) {
    lag.problem = "the heartbeat in " + table.name + " has no time that the server can read";
  } else if (*found->age < -most_clock_skew) {
    lag.problem = "the heartbeat in " + table.name + " lies " + format_seconds(-*found->age) +
                  " in the future: clocks differ, or it is in UTC (--heartbeat-utc)";
  } else {
    lag.seconds = found->age;
    lag.by = " by the heartbeat" +
             (found->server_id.empty() ? "" : " of server " + clean(found->server_id, 20)) + " in " +
             table.name;
  }
  return lag;
}

}  // namespace evenkeel::replication
