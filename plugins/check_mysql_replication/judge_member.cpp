#include "judge_member.h"

#include <algorithm>

#include "evenkeel/text.h"
#include "judge_server.h"

namespace evenkeel::replication {

MemberJudge::MemberJudge(const Target& target, const Settings& settings, const Limits& limits, Report& report)
    : target_(target), reading_(*target.reading), settings_(settings), limits_(limits), report_(report) {}

void MemberJudge::judge() const {
  if (!ServerJudge::is_cluster_member(reading_)) return;
  judge_queue();
  if (reading_.channels.empty() && settings_.heartbeat) judge_heartbeat();
}

void MemberJudge::judge_queue() const {
  const std::optional<ClusterLoad>& load = reading_.server.cluster_load;
  if (!load) return;
  const std::string waiting = format_number(load->waiting);
  report_.measure(Metric{"apply_queue", target_.name, "", load->waiting, "", 0, std::nullopt}, limits_,
                  waiting + " transactions wait to be applied");
  const std::string time = format_seconds(load->watched);
  const std::string idle = "applied nothing for " + time + " while " + waiting + " transactions wait";
  if (load->applies_nothing && load->flow_control)
    add(Status::critical, idle + ", and flow control holds up the cluster");
  else if (load->applies_nothing)
    add(Status::warning, idle);
  else if (load->flow_control)
    add(Status::warning, "flow control has held up the cluster for " + time + ": a member does not keep up");
}

void MemberJudge::judge_heartbeat() const {
  Metric lag{"lag", target_.name, "", std::nullopt, "s", 0, std::nullopt};
  if (!reading_.heartbeats) return report_.record(std::move(lag), limits_);  // has its finding
  const HeartbeatTable& table = *settings_.heartbeat;
  const HeartbeatLag found = heartbeat_lag(*reading_.heartbeats, table, {}, true, reading_.server.server_id);
  if (found.seconds) lag.value = std::max(0.0, *found.seconds);
  // The member that writes the heartbeats sees no other's: no fault of its own.
  const bool writes_it = found.no_row && table.server_id.empty() && !reading_.heartbeats->empty();
  if (!found.problem.empty() && !writes_it) add(Status::unknown, found.problem);
  if (!lag.value) return report_.record(std::move(lag), limits_);
  const std::string what = "lag " + format_seconds(*lag.value) + found.by;
  report_.measure(std::move(lag), limits_, what);
}

void MemberJudge::add(Status status, const std::string& text) const {
  report_.add(status, target_.name, text);
}

}  // namespace evenkeel::replication
