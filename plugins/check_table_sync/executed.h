// What a server has executed, by GTIDs, and what others must have applied before they can be held
// against it. Readable by any account. Where there are no GTIDs: file and position, if the account may see
// them and the status of its replicas.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect.h"
#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::table_sync {

// One server at one moment.
struct Executed {
  // MariaDB's positions, by domain: what it applied as a replica, and what it wrote itself.
  struct Gtid {
    std::uint64_t server = 0;
    std::uint64_t number = 0;
    bool operator==(const Gtid&) const = default;
  };
  std::map<std::uint64_t, Gtid> received, own;
  // Every server id in its binary log; not those before the log, and none where it does not log.
  std::vector<std::uint64_t> known_servers;

  std::map<std::string, std::string> sets;  // MySQL: intervals by UUID

  // Its binary log's end; only where there are no GTIDs.
  std::string file;
  std::uint64_t position = 0;

  Family family = Family::mariadb;
  std::uint64_t server_id = 0;
  std::string uuid;
  bool read_only = false;
  // Whether it applies what others send at this moment; nothing where that is not known.
  std::optional<bool> applies;

  // What came from others, as text: whether it is the same as before tells whether the server applies.
  std::string applied() const;
};

std::string executed_sql(const Dialect& dialect);
// Asks for what executed_sql() says, and for file and position where that is not enough.
Executed read_executed(const Dialect& dialect, mysql::SqlSession& session);
// Throws Error(Fault::protocol) for what is no position.
Executed executed_from(const Dialect& dialect, const mysql::Rows& rows);

// What is known of replication from status statements, where the account may see it.
struct ReplicaStatus {
  struct Channel {
    std::string name;
    std::uint64_t source_id = 0;
    std::optional<double> lag;
    std::string io, sql;  // "Yes", "No", "Connecting", as the server says it
    double delay = 0;     // on purpose, in seconds
  };
  std::vector<Channel> channels;
};

// Whether the server may be applying what others send. Where it is not known, it may.
bool may_be_replica(const Executed& server, const std::optional<ReplicaStatus>& status);

// Whether what `from` wrote itself may ever come to `to`: false for a replica's own (errant) transactions,
// seen from its source.
//
// Without the status of `to`, GTIDs alone cannot tell: after a switchover both servers have transactions of
// both, and a source looks like a replica that stopped. What any account sees besides is whether a server
// takes writes (read_only) and whether an SQL thread runs on it (Executed::applies). Of these:
// - An SQL thread runs on `to`, and the two have no history in common: `to` follows somebody else.
// - One takes writes and the other does not: the one that does not is the replica. The exception is a
//   switchover half done, where the old source is read-only already and the new one still applies: whoever
//   applies is waited for.
// - Both or neither take writes, nothing is applied on `to`, and `from` runs an SQL thread and has
//   transactions that `to` wrote: `to` is the source of `from`. No wait on `to` would ever end, and what
//   `from` wrote itself is no row in flight, as there is no thread that could apply it. The one other reading
//   is a ring of two writable sources of which one side has stopped; there, rows that differ are reported.
// - Else `to` may be a replica that stopped, and is waited for: what is in flight must not be reported, so
//   where that cannot be told from drift, the answer is that `to` cannot be compared.
bool own_may_reach(const Executed& from, const Executed& to, const std::optional<ReplicaStatus>& to_status);

// What a server must have applied: of every history that it shares.
struct WaitTarget {
  struct File {
    std::string channel, file;
    std::uint64_t position = 0;
    bool operator==(const File&) const = default;
  };
  std::string gtids;
  std::vector<File> files;

  bool empty() const { return gtids.empty() && files.empty(); }
};

// What `to` must have applied of what `others` had executed. Empty: nothing to wait for.
WaitTarget wait_target(const Executed& to, const std::optional<ReplicaStatus>& to_status,
                       const std::vector<const Executed*>& others);
// A SELECT that waits for it on the server, and whether it came true.
std::string wait_sql(const Dialect& dialect, const WaitTarget& target, double seconds);
bool reached_from(const mysql::Rows& rows);

}  // namespace evenkeel::table_sync
