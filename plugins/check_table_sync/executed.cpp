#include "executed.h"

#include <algorithm>
#include <cstdio>

#include "evenkeel/error.h"
#include "evenkeel/mysql/gtid_position.h"
#include "evenkeel/text.h"
#include "table_name.h"

namespace evenkeel::table_sync {

namespace {

Error no_position(std::string_view text) {
  return Error(Fault::protocol, "\"" + clean(text, 60) + "\" is no GTID position");
}

std::uint64_t number_from(std::string_view text) {
  const auto number = parse_integer<std::uint64_t>(text);
  if (!number) throw no_position(text);
  return *number;
}

// MySQL: uuid:1-5:7 or, with tags, uuid:1-5:tag:1-3; nothing in it may end a literal.
std::map<std::string, std::string> sets_from(std::string_view text) {
  std::map<std::string, std::string> sets;
  while (!text.empty()) {
    const std::string_view item = trim(take_until(text, ','));
    if (item.empty()) continue;
    const std::size_t colon = item.find(':');
    constexpr std::string_view allowed = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:-";
    if (colon == std::string_view::npos || item.find_first_not_of(allowed) != std::string_view::npos)
      throw no_position(item);
    std::string& intervals = sets[lower(item.substr(0, colon))];
    intervals += item.substr(colon);
  }
  return sets;
}

bool is_on(const mysql::Cell& cell) { return cell && *cell != "0" && lower(*cell) != "off"; }

std::vector<mysql::Gtid> gtids(const mysql::Rows& rows, const char* column) {
  return mysql::GtidPosition::parse(rows.at(0, column).value_or("")).all();
}

Executed mariadb_from(const mysql::Rows& rows) {
  Executed executed;
  executed.server_id = number_from(rows.at(0, "id").value_or("0"));
  for (const mysql::Gtid& gtid : gtids(rows, "received"))
    executed.received[gtid.domain] = {gtid.server, gtid.number};
  for (const mysql::Gtid& gtid : gtids(rows, "logged"))
    if (gtid.server == executed.server_id) executed.own[gtid.domain] = {gtid.server, gtid.number};
  for (const mysql::Gtid& gtid : gtids(rows, "state")) executed.known_servers.push_back(gtid.server);
  return executed;
}

bool contains(const std::vector<std::uint64_t>& numbers, std::uint64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

// Whether anything that `from` wrote has ever come to `to`.
bool has_trace_of(const Executed& from, const Executed& to) {
  if (to.family == Family::mysql) return to.sets.contains(from.uuid);
  const auto from_it = [&](const auto& entry) { return entry.second.server == from.server_id; };
  return contains(to.known_servers, from.server_id) ||
         std::any_of(to.received.begin(), to.received.end(), from_it);
}

bool has_received_something(const Executed& server) {
  if (server.family != Family::mysql) return !server.received.empty();
  return std::any_of(server.sets.begin(), server.sets.end(),
                     [&](const auto& set) { return set.first != server.uuid; });
}

// Transactions of one origin (MySQL), or one replication domain (MariaDB), on both.
bool share_history(const Executed& a, const Executed& b) {
  const auto has_domain = [](const Executed& server, std::uint64_t domain) {
    return server.received.contains(domain) || server.own.contains(domain);
  };
  const auto b_has_it = [&](const auto& entry) { return has_domain(b, entry.first); };
  if (a.family != b.family) return true;
  if (a.family == Family::mysql)
    return std::any_of(a.sets.begin(), a.sets.end(),
                       [&](const auto& set) { return b.sets.contains(set.first); });
  return std::any_of(a.received.begin(), a.received.end(), b_has_it) ||
         std::any_of(a.own.begin(), a.own.end(), b_has_it);
}

bool follows(const std::optional<ReplicaStatus>& status, const Executed& source) {
  const auto from_it = [&](const ReplicaStatus::Channel& channel) {
    return channel.source_id == source.server_id;
  };
  return status && std::any_of(status->channels.begin(), status->channels.end(), from_it);
}

// Whether `from` is known to apply what `to` writes, while nothing is applied on `to`.
bool is_downstream_of(const Executed& to, const Executed& from) {
  return to.applies == false && from.applies == true && has_trace_of(to, from);
}

// Whether what a third server wrote, and `from` has, may come to `to`. `origin` is that server where it is
// among those compared.
bool third_may_reach(const Executed* origin, const Executed& from, const Executed& to,
                     const std::optional<ReplicaStatus>& to_status) {
  if (follows(to_status, from)) return true;
  if (origin != nullptr) return own_may_reach(*origin, to, to_status);
  return !(is_downstream_of(to, from) && from.read_only && !to.read_only);
}

template <class Is>
const Executed* find_server(const std::vector<const Executed*>& servers, Is is) {
  const auto found = std::find_if(servers.begin(), servers.end(), is);
  return found == servers.end() ? nullptr : *found;
}

std::string mysql_target(const Executed& to, const std::optional<ReplicaStatus>& status,
                         const std::vector<const Executed*>& others) {
  std::string target;
  for (const Executed* from : others) {
    if (from->family != Family::mysql) continue;
    for (const auto& [uuid, intervals] : from->sets) {
      // Its own transactions come back to it in what others have.
      if (uuid == to.uuid || (uuid == from->uuid && !own_may_reach(*from, to, status))) continue;
      if (uuid != from->uuid) {
        // Skip a third server's transactions unless this server already has some of them.
        if (!to.sets.contains(uuid) && !follows(status, *from)) continue;
        const Executed* origin =
            find_server(others, [&, &id = uuid](const Executed* other) { return other->uuid == id; });
        if (!third_may_reach(origin, *from, to, status)) continue;
      }
      target += (target.empty() ? "" : ",") + uuid + intervals;
    }
  }
  return target;
}

std::string mariadb_target(const Executed& to, const std::optional<ReplicaStatus>& status,
                           const std::vector<const Executed*>& others) {
  std::map<std::uint64_t, Executed::Gtid> wanted;
  const auto want = [&](std::uint64_t domain, const Executed::Gtid& gtid) {
    Executed::Gtid& there = wanted[domain];
    if (gtid.server != to.server_id && gtid.number >= there.number) there = gtid;
  };
  for (const Executed* from : others) {
    if (from->family != Family::mariadb) continue;
    for (const auto& [domain, gtid] : from->received) {
      if (!to.received.contains(domain) && !follows(status, *from)) continue;
      const Executed* origin = nullptr;
      if (gtid.server != from->server_id)
        origin = find_server(others, [&, id = gtid.server](const Executed* other) {
          return other->family == Family::mariadb && other->server_id == id;
        });
      if (third_may_reach(origin, *from, to, status)) want(domain, gtid);
    }
    if (own_may_reach(*from, to, status))
      for (const auto& [domain, gtid] : from->own) want(domain, gtid);
  }
  std::string target;
  for (const auto& [domain, gtid] : wanted)
    if (gtid.number > 0)
      target += (target.empty() ? "" : ",") + std::to_string(domain) + "-" + std::to_string(gtid.server) +
                "-" + std::to_string(gtid.number);
  return target;
}

}  // namespace

std::string Executed::applied() const {
  std::string text;
  for (const auto& [domain, gtid] : received)
    text +=
        std::to_string(domain) + "-" + std::to_string(gtid.server) + "-" + std::to_string(gtid.number) + ",";
  for (const auto& [origin, intervals] : sets)
    if (origin != uuid) text += origin + intervals + ",";
  return text;
}

std::string executed_sql(const Dialect& dialect) {
  if (dialect.is_mariadb())
    return "SELECT @@GLOBAL.gtid_slave_pos AS received, @@GLOBAL.gtid_binlog_pos AS logged, "
           "@@GLOBAL.gtid_binlog_state AS state, @@GLOBAL.server_id AS id, @@GLOBAL.read_only AS read_only";
  return "SELECT @@GLOBAL.gtid_executed AS executed, @@GLOBAL.server_uuid AS uuid, @@GLOBAL.server_id AS id, "
         "@@GLOBAL.read_only AS read_only";
}

Executed read_executed(const Dialect& dialect, mysql::SqlSession& session) {
  Executed executed = executed_from(dialect, session.query(executed_sql(dialect)));
  if (!executed.sets.empty() || !executed.received.empty() || !executed.own.empty()) return executed;
  const bool new_words = !dialect.is_mariadb() && dialect.version >= 80200;
  try {
    const mysql::Rows rows = session.query(new_words ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
    executed.file = rows.at(0, "File").value_or("");
    if (!executed.file.empty()) executed.position = number_from(rows.at(0, "Position").value_or(""));
  } catch (const mysql::SqlError& error) {
    // Without it, rows must hold still for --confirm seconds.
    if (!error.lacks_privilege() && error.fault() != Fault::protocol) throw;
  }
  return executed;
}

Executed executed_from(const Dialect& dialect, const mysql::Rows& rows) {
  if (rows.rows.size() != 1) throw no_position("");
  Executed executed;
  if (dialect.is_mariadb()) {
    executed = mariadb_from(rows);
  } else {
    executed.server_id = number_from(rows.at(0, "id").value_or("0"));
    executed.sets = sets_from(rows.at(0, "executed").value_or(""));
    executed.uuid = lower(rows.at(0, "uuid").value_or(""));
  }
  executed.family = dialect.family;
  executed.read_only = is_on(rows.at(0, "read_only"));
  return executed;
}

bool may_be_replica(const Executed& server, const std::optional<ReplicaStatus>& status) {
  if (status && !status->channels.empty()) return true;
  // Members of a replication group have no channel of the usual kind; their sets hold the group's UUID.
  if (server.family == Family::mysql)
    return std::any_of(server.sets.begin(), server.sets.end(),
                       [&](const auto& set) { return set.first != server.uuid; }) &&
           !(status && !server.read_only);
  return !status && !server.received.empty();
}

bool own_may_reach(const Executed& from, const Executed& to, const std::optional<ReplicaStatus>& to_status) {
  if (follows(to_status, from)) return true;
  // A replica at work, of somebody else.
  if (to.applies == true && has_received_something(to) && !share_history(from, to)) return false;
  // The one of two that applies something may be about to apply this, whichever of them takes writes.
  const bool only_to_applies = to.applies == true && from.applies == false;
  if (to.read_only != from.read_only && !(only_to_applies && from.read_only)) return to.read_only;
  return !is_downstream_of(to, from) && has_trace_of(from, to);
}

WaitTarget wait_target(const Executed& to, const std::optional<ReplicaStatus>& to_status,
                       const std::vector<const Executed*>& others) {
  WaitTarget target;
  if (!may_be_replica(to, to_status)) return target;
  target.gtids = to.family == Family::mysql ? mysql_target(to, to_status, others)
                                            : mariadb_target(to, to_status, others);
  if (!to_status) return target;
  for (const Executed* from : others)
    for (const ReplicaStatus::Channel& channel : to_status->channels)
      if (!from->file.empty() && channel.source_id == from->server_id)
        target.files.push_back({channel.name, from->file, from->position});
  return target;
}

std::string wait_sql(const Dialect& dialect, const WaitTarget& target, double seconds) {
  char time[32];
  std::snprintf(time, sizeof time, "%u.%03u", static_cast<unsigned>(seconds),
                static_cast<unsigned>(seconds * 1000) % 1000);
  const std::string tail = std::string(", ") + time + ")";
  std::string condition;
  const auto add = [&](const std::string& text) { condition += (condition.empty() ? "" : " AND ") + text; };
  if (!target.gtids.empty())
    add((dialect.is_mariadb() ? "MASTER_GTID_WAIT('" : "WAIT_FOR_EXECUTED_GTID_SET('") + target.gtids + "'" +
        tail + " = 0");
  for (const WaitTarget::File& wanted : target.files) {
    const bool new_name = !dialect.is_mariadb() && dialect.version >= 80026;
    // NULL where the channel does not run: not reached. Whole seconds on older servers.
    add(std::string("COALESCE(") + (new_name ? "SOURCE_POS_WAIT(" : "MASTER_POS_WAIT(") +
        text_literal(wanted.file) + ", " + std::to_string(wanted.position) + ", 1, " +
        text_literal(wanted.channel) + "), -1) >= 0");
  }
  return "SELECT " + condition + " AS reached";
}

bool reached_from(const mysql::Rows& rows) { return rows.at(0, "reached").value_or("0") == "1"; }

}  // namespace evenkeel::table_sync
