#include "server_state.h"

#include <initializer_list>

#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

std::string in_list(const std::vector<const char*>& names) {
  std::string text;
  for (const char* name : names) text += (text.empty() ? "'" : ", '") + std::string(name) + "'";
  return "(" + text + ")";
}

// A flag is ON in the table of variables and 1 where it is selected.
std::string flag_text(const std::string& text) { return text == "1" ? "ON" : text == "0" ? "OFF" : text; }

bool is_galera(const Variables& variables) {
  const std::string provider = lower(variables.find("wsrep_provider").value_or("none"));
  return variables.is_on("wsrep_on") && !provider.empty() && provider != "none";
}

std::optional<bool> read_only_from(const std::optional<std::string>& text) {
  if (!text || text->empty()) return std::nullopt;
  const std::string word = lower(*text);
  // MariaDB 12 has NO_LOCK and NO_LOCK_NO_ADMIN, too: both are read-only.
  return word != "off" && word != "0";
}

GaleraState galera_from(const Variables& status) {
  return {status.find("wsrep_ready").value_or(""), status.find("wsrep_cluster_status").value_or(""),
          status.find("wsrep_local_state_comment").value_or(""),
          status.find("wsrep_cluster_size").value_or("")};
}

std::optional<bool> semi_sync_from(const Variables& variables, const Variables& status, const char* enabled,
                                   const char* enabled_now, const char* state, const char* state_now) {
  if (!variables.is_on(enabled, enabled_now)) return std::nullopt;
  return status.is_on(state, state_now);
}

}  // namespace

Variables Variables::selected(const mysql::Rows& rows) {
  Variables variables;
  for (const std::string& column : rows.columns)
    if (const mysql::Cell value = rows.at(0, column))
      variables.values_.insert_or_assign(lower(column), *value);
  return variables;
}

Variables::Variables(const mysql::Rows& rows) {
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const mysql::Cell name = rows.at(i, "Variable_name");
    if (name) values_.insert_or_assign(lower(*name), rows.at(i, "Value").value_or(""));
  }
}

std::optional<std::string> Variables::find(const std::string& name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<std::string> Variables::find(const std::string& name, const std::string& other_name) const {
  const std::optional<std::string> value = find(name);
  return value ? value : find(other_name);
}

std::optional<double> Variables::number(const std::string& name) const {
  double value = 0;
  const std::optional<std::string> text = find(name);
  if (!text || !parse_number(*text, value) || value < 0 || value > 1e18) return std::nullopt;
  return value;
}

bool Variables::is_on(const std::string& name) const {
  const std::string word = lower(find(name).value_or(""));
  return word == "on" || word == "1" || word == "yes";
}

bool Variables::is_on(const std::string& name, const std::string& other_name) const {
  return is_on(name) || is_on(other_name);
}

const GroupState::Member* GroupState::own() const {
  for (const Member& member : members)
    if (member.id == own_id) return &member;
  // A member that has not joined is listed alone, without its id.
  return members.size() == 1 ? &members.front() : nullptr;
}

std::string variables_query() {
  return "SHOW GLOBAL VARIABLES WHERE Variable_name IN " + in_list({"read_only",
                                                                    "super_read_only",
                                                                    "slave_skip_errors",
                                                                    "replica_skip_errors",
                                                                    "slave_exec_mode",
                                                                    "replica_exec_mode",
                                                                    "replicate_events_marked_for_skip",
                                                                    "server_id",
                                                                    "server_uuid",
                                                                    "version",
                                                                    "log_bin",
                                                                    "performance_schema",
                                                                    "gtid_mode",
                                                                    "hostname",
                                                                    "port",
                                                                    "datadir",
                                                                    "rpl_semi_sync_slave_enabled",
                                                                    "rpl_semi_sync_replica_enabled",
                                                                    "rpl_semi_sync_master_enabled",
                                                                    "rpl_semi_sync_source_enabled",
                                                                    "wsrep_on",
                                                                    "wsrep_provider",
                                                                    "group_replication_group_name"});
}

std::string mariadb_variables_query() {
  std::string columns;
  for (const char* name :
       {"read_only", "slave_skip_errors", "slave_exec_mode", "replicate_events_marked_for_skip", "server_id",
        "version", "log_bin", "hostname", "port", "datadir", "rpl_semi_sync_slave_enabled",
        "rpl_semi_sync_master_enabled", "wsrep_on", "wsrep_provider"})
    columns += (columns.empty() ? "@@GLOBAL." : ", @@GLOBAL.") + std::string(name) + " AS " + name;
  return "SELECT " + columns;
}

std::string status_query(const Variables& variables) {
  std::vector<const char*> names;
  const auto ask_for = [&](std::initializer_list<const char*> more) {
    names.insert(names.end(), more.begin(), more.end());
  };
  if (variables.is_on("rpl_semi_sync_slave_enabled", "rpl_semi_sync_replica_enabled") ||
      variables.is_on("rpl_semi_sync_master_enabled", "rpl_semi_sync_source_enabled"))
    ask_for({"Rpl_semi_sync_slave_status", "Rpl_semi_sync_replica_status", "Rpl_semi_sync_master_status",
             "Rpl_semi_sync_source_status"});
  if (is_galera(variables))
    ask_for({"wsrep_ready", "wsrep_cluster_status", "wsrep_local_state_comment", "wsrep_cluster_size"});
  // MySQL tells in the performance schema what MariaDB's start counters are for.
  if (!variables.find("server_uuid")) ask_for({"Uptime", "Com_start_slave", "Com_start_all_slaves"});
  if (names.empty()) return {};
  return "SHOW GLOBAL STATUS WHERE Variable_name IN " + in_list(names);
}

ServerState server_state_from(const Variables& variables, const Variables& status) {
  ServerState server;
  server.read_only_text = flag_text(variables.find("read_only").value_or(""));
  server.read_only = read_only_from(variables.find("read_only"));
  server.super_read_only = variables.find("super_read_only");
  server.skip_errors_name =
      variables.find("replica_skip_errors") ? "replica_skip_errors" : "slave_skip_errors";
  server.skip_errors = variables.find(server.skip_errors_name).value_or("OFF");
  server.exec_mode_name = variables.find("replica_exec_mode") ? "replica_exec_mode" : "slave_exec_mode";
  server.exec_mode = variables.find(server.exec_mode_name).value_or("STRICT");
  server.marked_events = variables.find("replicate_events_marked_for_skip").value_or("");
  server.server_id = variables.find("server_id").value_or("");
  server.server_uuid = lower(variables.find("server_uuid").value_or(""));
  server.version = variables.find("version").value_or("");
  server.identity = {.uuid = server.server_uuid,
                     .host = variables.find("hostname").value_or(""),
                     .port = variables.find("port").value_or(""),
                     .server_id = server.server_id,
                     .data_dir = variables.find("datadir").value_or(""),
                     .started = {}};
  server.gtid_mode = variables.find("gtid_mode").value_or("");
  server.has_performance_schema = has_performance_schema(variables);
  server.uptime = status.number("uptime");
  if (server.uptime) server.identity.started = mysql::started_at(*server.uptime);
  server.starts = static_cast<std::uint64_t>(status.number("com_start_slave").value_or(0) +
                                             status.number("com_start_all_slaves").value_or(0));
  server.binary_log = variables.is_on("log_bin");
  server.semi_sync =
      semi_sync_from(variables, status, "rpl_semi_sync_slave_enabled", "rpl_semi_sync_replica_enabled",
                     "rpl_semi_sync_slave_status", "rpl_semi_sync_replica_status");
  server.semi_sync_source =
      semi_sync_from(variables, status, "rpl_semi_sync_master_enabled", "rpl_semi_sync_source_enabled",
                     "rpl_semi_sync_master_status", "rpl_semi_sync_source_status");
  if (is_galera(variables)) server.galera = galera_from(status);
  server.in_a_group = is_group_member(variables);
  return server;
}

bool has_performance_schema(const Variables& variables) {
  return variables.is_on("performance_schema") && variables.find("server_uuid");
}

bool is_group_member(const Variables& variables) {
  return !variables.find("group_replication_group_name").value_or("").empty();
}

GroupState group_from(const mysql::Rows& members, const std::string& own_id) {
  GroupState group;
  group.own_id = own_id;
  for (std::size_t i = 0; i < members.rows.size(); ++i)
    group.members.push_back(
        {lower(members.at(i, "MEMBER_ID").value_or("")),
         members.at(i, "MEMBER_HOST").value_or("") + ":" + members.at(i, "MEMBER_PORT").value_or(""),
         members.at(i, "MEMBER_STATE").value_or(""), members.at(i, "MEMBER_ROLE").value_or("")});
  return group;
}

}  // namespace evenkeel::replication
