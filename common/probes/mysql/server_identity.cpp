#include "evenkeel/mysql/server_identity.h"

#include <chrono>
#include <cmath>

#include "evenkeel/mysql/server_version.h"
#include "evenkeel/text.h"

namespace evenkeel::mysql {

namespace {

constexpr int unknown_variable = 1193;
// Uptime is in whole seconds, and an answer takes its time.
constexpr double same_start = 3;

std::string identity_sql(bool with_uuid) {
  return std::string(
             "SELECT CONNECTION_ID() AS id, @@GLOBAL.hostname AS host, @@GLOBAL.port AS port, "
             "@@GLOBAL.server_id AS server_id, @@GLOBAL.datadir AS data_dir") +
         (with_uuid ? ", @@GLOBAL.server_uuid AS uuid" : "");
}

Rows ask_identity(SqlSession& session, bool with_uuid) {
  return ask(session, "asking which server it is", identity_sql(with_uuid));
}

Rows ask_identity(SqlSession& session) {
  const bool mariadb = ServerVersion::parse(session.server_version()).mariadb;
  try {
    return ask_identity(session, !mariadb);
  } catch (const SqlError& error) {
    // A proxy may greet with a version of its own.
    if (error.code() != unknown_variable) throw;
    return ask_identity(session, mariadb);
  }
}

}  // namespace

std::string ServerIdentity::text() const {
  return clean(host, 60) + ":" + clean(port, 10) + ", server_id " + clean(server_id, 20);
}

IdentifiedConnection identify(SqlSession& session) {
  const Rows rows = ask_identity(session);
  IdentifiedConnection result;
  result.id = rows.at(0, "id").value_or("");
  ServerIdentity& identity = result.identity;
  identity.uuid = lower(rows.at(0, "uuid").value_or(""));
  identity.host = rows.at(0, "host").value_or("");
  identity.port = rows.at(0, "port").value_or("");
  identity.server_id = rows.at(0, "server_id").value_or("");
  identity.data_dir = rows.at(0, "data_dir").value_or("");
  return result;
}

std::optional<double> started_at(double uptime) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count() - uptime;
}

std::optional<double> started_at(SqlSession& session) {
  double uptime = 0;
  const Cell value = ask(session, "asking for its uptime", "SHOW GLOBAL STATUS LIKE 'Uptime'").at(0, "Value");
  if (!value || !parse_number(*value, uptime)) return std::nullopt;
  return started_at(uptime);
}

bool look_the_same(const ServerIdentity& a, const ServerIdentity& b) {
  if (!a.known() || !b.known()) return false;
  if (!a.uuid.empty() || !b.uuid.empty()) return a.uuid == b.uuid;
  return a.host == b.host && a.port == b.port && a.server_id == b.server_id && a.data_dir == b.data_dir;
}

bool seem_the_same(const ServerIdentity& a, const ServerIdentity& b) {
  if (!look_the_same(a, b)) return false;
  return !a.uuid.empty() || !a.started || !b.started || std::abs(*a.started - *b.started) <= same_start;
}

}  // namespace evenkeel::mysql
