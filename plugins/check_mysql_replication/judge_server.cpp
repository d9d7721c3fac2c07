#include "judge_server.h"

#include <algorithm>

#include "error_text.h"
#include "evenkeel/text.h"
#include "judge_channel.h"

namespace evenkeel::replication {

namespace {

bool is_word(const std::string& text, std::string_view word) { return lower(text) == lower(word); }

std::string on_off(bool on) { return on ? "on" : "off"; }

}  // namespace

ServerJudge::ServerJudge(const Target& target, const Settings& settings, Report& report)
    : target_(target),
      reading_(*target.reading),
      server_(target.reading->server),
      settings_(settings),
      report_(report) {}

bool ServerJudge::is_cluster_member(const ReplicaReading& reading) {
  return reading.server.galera || reading.server.in_a_group || reading.server.group ||
         !reading.group_channels.empty();
}

void ServerJudge::judge() const {
  if (!reading_.channels.empty()) {
    judge_writable();
    judge_hidden_errors();
    judge_semi_sync();
  }
  judge_galera();
  judge_group();
  state_facts();
}

void ServerJudge::judge_writable() const {
  // In a cluster a node is writable by design, or made read-only by the cluster itself.
  if (settings_.allow_writable || is_cluster_member(reading_) || server_.read_only.value_or(true)) return;
  add(Status::warning, "read_only=" + clean(server_.read_only_text, 40) + ", this replica can be written to");
}

void ServerJudge::judge_hidden_errors() const {
  if (!server_.skip_errors.empty() && !is_word(server_.skip_errors, "OFF"))
    add(Status::warning,
        server_.skip_errors_name + "=" + clean(server_.skip_errors, 60) + " hides errors, and so drift");
  if (is_word(server_.exec_mode, "IDEMPOTENT"))
    add(Status::warning, server_.exec_mode_name + "=IDEMPOTENT hides errors, and so drift");
  // The source's sessions mark what they write by skip_replication=1.
  if (!server_.marked_events.empty() && !is_word(server_.marked_events, "REPLICATE"))
    report_.remark_of(target_.name, "replication filters are set, replicate_events_marked_for_skip=" +
                                        clean(server_.marked_events, 60));
}

void ServerJudge::judge_semi_sync() const {
  // Without a connection it is off of necessity; the IO thread's finding says so.
  const bool connected = std::any_of(reading_.channels.begin(), reading_.channels.end(),
                                     [](const ChannelStatus& channel) { return channel.io.running(); });
  if (connected && server_.semi_sync && !*server_.semi_sync)
    add(Status::warning, "semi-synchronous replication is enabled, but not in effect");
}

void ServerJudge::judge_galera() const {
  if (!server_.galera) return;
  const GaleraState& galera = *server_.galera;
  if (!is_word(galera.cluster_status, "Primary"))
    add(Status::critical, "Galera cluster status is " + clean(galera.cluster_status, 60) + ", not Primary");
  if (!is_word(galera.ready, "ON"))
    add(Status::critical, "Galera node is not ready, wsrep_ready=" + clean(galera.ready, 40));
  if (!is_word(galera.local_state, "Synced"))
    add(Status::warning, "Galera node is " + clean(galera.local_state, 60) + ", not Synced");
}

void ServerJudge::judge_group() const {
  judge_group_applier();
  if (!server_.group) return;
  const GroupState::Member* const own = server_.group->own();
  if (own == nullptr) {
    add(Status::critical, "group replication does not list this member");
    return;
  }
  if (is_word(own->state, "RECOVERING"))
    add(Status::warning, "group replication member is RECOVERING");
  else if (!is_word(own->state, "ONLINE"))
    add(Status::critical, "group replication member is " + clean(own->state, 40));
  judge_group_members();
}

void ServerJudge::judge_group_members() const {
  std::string lost;
  std::size_t count = 0;
  for (const GroupState::Member& member : server_.group->members)
    if (is_word(member.state, "UNREACHABLE") && member.id != server_.group->own_id) {
      lost += (lost.empty() ? "" : ", ") + clean(member.where, 260);
      ++count;
    }
  if (count == 0) return;
  const bool blocked = count * 2 >= server_.group->members.size();
  add(blocked ? Status::critical : Status::warning,
      (blocked ? "group replication has lost its majority, cannot reach "
               : "group replication cannot reach ") +
          lost);
}

// MySQL 8.0 shows the applier's channel in SHOW REPLICA STATUS, 9.7 does not.
void ServerJudge::judge_group_applier() const {
  for (const ChannelStatus& channel : reading_.group_channels)
    if (!channel.sql.running() && channel.sql.error != 0)
      add(Status::critical, "group replication's SQL thread stopped" + error_suffix(channel.sql));
}

std::string ServerJudge::cluster_text(const ServerState& server) {
  if (server.galera)
    return "Galera node " + clean(server.galera->local_state, 60) + ", cluster of " +
           clean(server.galera->cluster_size, 20);
  if (server.group && server.group->own() != nullptr) {
    const GroupState::Member& own = *server.group->own();
    return "group replication member " + clean(own.state, 40) +
           (own.role.empty() ? "" : " (" + clean(own.role, 40) + ")");
  }
  return {};
}

void ServerJudge::state_facts() const {
  const auto fact = [&](const char* name, const std::string& value) {
    report_.fact_of(target_.name, name, value);
  };
  fact("version", server_.version);
  fact("read_only", server_.read_only_text);
  if (!is_word(server_.marked_events, "REPLICATE"))
    fact("replicate_events_marked_for_skip", server_.marked_events);
  fact("super_read_only", server_.super_read_only.value_or(""));
  if (server_.semi_sync) fact("semi_sync", on_off(*server_.semi_sync));
  if (server_.semi_sync_source) fact("semi_sync_source", on_off(*server_.semi_sync_source));
  if (server_.galera) {
    fact("wsrep_ready", server_.galera->ready);
    fact("wsrep_cluster_status", server_.galera->cluster_status);
    fact("wsrep_local_state_comment", server_.galera->local_state);
    fact("wsrep_cluster_size", server_.galera->cluster_size);
  }
  if (server_.group) {
    const GroupState::Member* const own = server_.group->own();
    if (own != nullptr) fact("group_member_state", own->state);
    if (own != nullptr) fact("group_member_role", own->role);
    fact("group_members", std::to_string(server_.group->members.size()));
  }
}

void ServerJudge::add(Status status, const std::string& text) const {
  report_.add(status, target_.name, text);
}

}  // namespace evenkeel::replication
