// Which server it is that answers, whatever its address: a name, a CNAME, a virtual address, a proxy.
#pragma once

#include <optional>
#include <string>

#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::mysql {

struct ServerIdentity {
  std::string uuid;  // MySQL's server_uuid
  std::string host, port, server_id, data_dir;
  std::optional<double> started;  // seconds since 1970, by our clock and the server's Uptime

  bool known() const { return !uuid.empty() || !host.empty(); }
  // "db1:3306, server_id 1"
  std::string text() const;
};

// Needs no privilege. `id` is what CONNECTION_ID() says.
struct IdentifiedConnection {
  ServerIdentity identity;
  std::string id;
};
IdentifiedConnection identify(SqlSession& session);
// now - Uptime, where the server tells.
std::optional<double> started_at(SqlSession& session);
std::optional<double> started_at(double uptime);

// Equal in all that does not change while a server runs. Two servers made from one image may be equal, too:
// for MariaDB, which has nothing like a UUID of its own, look at `started`, or let one of them hold a lock.
bool look_the_same(const ServerIdentity& a, const ServerIdentity& b);
// Not even the start tells them apart.
bool seem_the_same(const ServerIdentity& a, const ServerIdentity& b);

}  // namespace evenkeel::mysql
