// Whether a cluster member keeps up: what waits to be applied there, and whether anything of it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "evenkeel/mysql/sql_session.h"
#include "server_state.h"

namespace evenkeel::replication {

// One look at a member.
struct ClusterLook {
  std::uint64_t waiting = 0;  // transactions received, not yet applied
  std::uint64_t applied = 0;  // a counter that moves with each transaction
  bool flow_control = false;  // Galera: the cluster waits for a member
};

// Galera's status variables. Nothing where it does not tell.
std::optional<ClusterLook> galera_look(const Variables& status);
std::string galera_look_query();

// MySQL: this member's row, and what it received and has not executed. A counter alone would tell of
// transactions that wait where none do. Older servers count nothing.
std::string group_look_query();
std::optional<ClusterLook> group_look(const mysql::Rows& rows);

// One transaction may take as long without anything being wrong.
constexpr double shortest_watch = 1;

// A queue is nothing to speak of as long as it moves: a second look tells.
class ClusterWatch {
 public:
  explicit ClusterWatch(const ClusterLook& first);

  // Whether another look may tell more.
  bool goes_on() const { return stands_still_ || flow_control_; }
  void look_again(const ClusterLook& look, double seconds_since_first);

  ClusterLoad load() const;

 private:
  ClusterLook first_;
  ClusterLook last_;
  bool stands_still_;
  bool flow_control_;
  double seconds_ = 0;
};

}  // namespace evenkeel::replication
