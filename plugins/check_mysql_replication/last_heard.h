// How long nothing has come from the source, neither event nor heartbeat. A source that froze leaves
// lag at 0 until the network time-out; only silence tells.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "channel_status.h"
#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::replication {

// Why there is no value.
enum class Unheard {
  not_told,         // the server has neither times nor counters for us
  first_run,        // counters tell only against an earlier run
  no_state,         // and none can be kept
  heard_meanwhile,  // something came since the last run, no one knows when
  held_up,          // the IO thread does not take what comes
};

struct LastHeard {
  std::optional<double> seconds;    // nothing where it is not known: never 0 for that
  std::optional<double> period;     // a heartbeat is due after so many seconds without an event
  std::optional<double> connected;  // the IO thread is not older than this
  Unheard unheard = Unheard::not_told;
};

// One heartbeat may be late, none may be missing.
constexpr double heartbeats_of_patience = 1.5;

using LastHeardByChannel = std::map<std::string, LastHeard>;

// MySQL keeps the times itself, by the server's own clock. 5.7 has no times of transactions: there,
// and in the middle of a transaction, counters stand in (fill_counters).
std::string last_heard_query();
std::string counters_query();
LastHeardByChannel last_heard_from(const mysql::Rows& rows);
void fill_counters(const mysql::Rows& rows, std::vector<ChannelStatus>& channels);

}  // namespace evenkeel::replication
