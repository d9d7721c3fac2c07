// What a server says about itself beside its channels.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/mysql/server_identity.h"
#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::replication {

// Values by name in lower case.
class Variables {
 public:
  Variables() = default;
  // Variable_name and Value of SHOW GLOBAL VARIABLES or SHOW GLOBAL STATUS.
  explicit Variables(const mysql::Rows& rows);
  // One row, a column for each.
  static Variables selected(const mysql::Rows& rows);

  std::optional<std::string> find(const std::string& name) const;
  // The first of two names that is there: slave_… before MySQL 8.0.26, replica_… since.
  std::optional<std::string> find(const std::string& name, const std::string& other_name) const;
  std::optional<double> number(const std::string& name) const;  // never negative
  bool is_on(const std::string& name) const;
  bool is_on(const std::string& name, const std::string& other_name) const;

 private:
  std::map<std::string, std::string> values_;
};

// A Galera node: wsrep_… where the provider is loaded.
struct GaleraState {
  std::string ready;           // wsrep_ready: ON
  std::string cluster_status;  // Primary
  std::string local_state;     // Synced
  std::string cluster_size;
};

// Group replication as this member sees it.
struct GroupState {
  struct Member {
    std::string id;
    std::string where;
    std::string state;  // ONLINE, RECOVERING, OFFLINE, ERROR, UNREACHABLE
    std::string role;
  };
  std::vector<Member> members;
  std::string own_id;

  const Member* own() const;
};

// Whether a cluster member keeps up.
struct ClusterLoad {
  double waiting = 0;            // transactions received, not yet applied
  double watched = 0;            // seconds between the first look and the last one
  bool applies_nothing = false;  // all that time, while some waited
  bool flow_control = false;     // Galera: all that time
};

struct ServerState {
  std::optional<bool> read_only;
  std::string read_only_text;  // newer MariaDB has more than ON and OFF
  std::optional<std::string> super_read_only;
  std::string skip_errors_name, skip_errors;  // "slave_skip_errors", "OFF"
  std::string exec_mode_name, exec_mode;      // "slave_exec_mode", "STRICT"
  std::string marked_events;                  // MariaDB: replicate_events_marked_for_skip, "REPLICATE"
  std::string server_id, server_uuid, version;
  std::string gtid_mode;  // MySQL
  mysql::ServerIdentity identity;
  std::optional<double> uptime;  // MariaDB: seconds
  std::uint64_t starts = 0;      // MariaDB: how often replication was started since
  bool has_performance_schema = false;
  bool binary_log = true;
  std::optional<bool> semi_sync;         // where it is enabled for a replica: whether it is in effect
  std::optional<bool> semi_sync_source;  // the same as a source of others
  std::optional<GaleraState> galera;
  bool in_a_group = false;  // group replication is set up, whatever of it may be read
  std::optional<ClusterLoad> cluster_load;
  std::optional<GroupState> group;  // where its members may be read
};

// SHOW GLOBAL VARIABLES for all that server_state_from reads, and the status variables to ask for then;
// empty where there is nothing to ask.
std::string variables_query();
std::string status_query(const Variables& variables);
// A SELECT of those that MariaDB has, for Variables::selected: it takes the server a tenth of the time. One
// that was built without some of them takes it as an error.
std::string mariadb_variables_query();

ServerState server_state_from(const Variables& variables, const Variables& status);

bool has_performance_schema(const Variables& variables);
bool is_group_member(const Variables& variables);
GroupState group_from(const mysql::Rows& members, const std::string& own_id);

}  // namespace evenkeel::replication
