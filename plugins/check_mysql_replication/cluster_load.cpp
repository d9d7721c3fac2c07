#include "cluster_load.h"

#include "evenkeel/text.h"
#include "gtid_set.h"

namespace evenkeel::replication {

namespace {

std::optional<std::uint64_t> whole_at(const mysql::Rows& rows, std::string_view column) {
  const mysql::Cell cell = rows.at(0, column);
  return cell ? parse_integer<std::uint64_t>(*cell) : std::nullopt;
}

}  // namespace

std::string galera_look_query() {
  return "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_local_recv_queue', 'wsrep_last_committed', "
         "'wsrep_flow_control_active')";
}

std::optional<ClusterLook> galera_look(const Variables& status) {
  const std::optional<double> waiting = status.number("wsrep_local_recv_queue");
  const std::optional<double> committed = status.number("wsrep_last_committed");
  if (!waiting || !committed) return std::nullopt;
  return ClusterLook{static_cast<std::uint64_t>(*waiting), static_cast<std::uint64_t>(*committed),
                     lower(status.find("wsrep_flow_control_active").value_or("")) == "true"};
}

std::string group_look_query() {
  return "SELECT m.*, GTID_SUBTRACT(c.RECEIVED_TRANSACTION_SET, @@GLOBAL.gtid_executed) AS evenkeel_waiting"
         " FROM performance_schema.replication_group_member_stats m"
         " LEFT JOIN performance_schema.replication_connection_status c"
         " ON c.CHANNEL_NAME = 'group_replication_applier'"
         " WHERE m.MEMBER_ID = @@GLOBAL.server_uuid";
}

std::optional<ClusterLook> group_look(const mysql::Rows& rows) {
  const auto waiting = whole_at(rows, "COUNT_TRANSACTIONS_REMOTE_IN_APPLIER_QUEUE");
  const auto applied = whole_at(rows, "COUNT_TRANSACTIONS_REMOTE_APPLIED");
  if (!waiting || !applied) return std::nullopt;
  const bool some = !GtidSet::parse(rows.at(0, "evenkeel_waiting").value_or("")).empty();
  return ClusterLook{some ? *waiting : 0, *applied, false};
}

ClusterWatch::ClusterWatch(const ClusterLook& first)
    : first_(first), last_(first), stands_still_(first.waiting > 0), flow_control_(first.flow_control) {}

void ClusterWatch::look_again(const ClusterLook& look, double seconds_since_first) {
  last_ = look;
  stands_still_ = stands_still_ && look.waiting > 0 && look.applied == first_.applied;
  flow_control_ = flow_control_ && look.flow_control;
  seconds_ = seconds_since_first;
}

ClusterLoad ClusterWatch::load() const {
  const bool long_enough = seconds_ >= shortest_watch;
  return {static_cast<double>(last_.waiting), seconds_, long_enough && stands_still_,
          long_enough && flow_control_};
}

}  // namespace evenkeel::replication
