#include "catch_up.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "evenkeel/text.h"
#include "replica_status.h"

namespace evenkeel::table_sync {

namespace {

constexpr double slice = 0.5;              // of a wait on a server, so that we may stop in between
constexpr double shortest_patience = 1;    // for a replica to show that it applies anything at all
constexpr double patience_while_busy = 5;  // times as long for one that does, or may be about to
constexpr double share_at_work = 0.25;     // of what is left of the run, for one that shows no progress

double seconds_since(Deadline::Clock::time_point when) {
  return std::chrono::duration<double>(Deadline::Clock::now() - when).count();
}

}  // namespace

CatchUp::CatchUp(Crew& crew, Fleet& fleet, StopRequest& stop, double patience)
    : crew_(crew),
      fleet_(fleet),
      stop_(stop),
      patience_(std::max(patience, shortest_patience)),
      patience_at_work_(std::clamp(stop.latest().remaining().count() * share_at_work, patience_,
                                   patience_ * patience_while_busy)) {}

std::vector<std::size_t> CatchUp::wait(const std::vector<Executed>& executed,
                                       const std::vector<std::size_t>& servers) {
  begin(executed, servers);
  while (!waits_.empty() && !stop_.made()) {
    std::vector<std::size_t> pending;
    for (const auto& [server, wait] : waits_) pending.push_back(server);
    const std::vector<Reply<Step>> replies = ask(pending);
    for (std::size_t i = 0; i < pending.size(); ++i)
      if (settled(pending[i], replies[i])) waits_.erase(pending[i]);
  }
  return lacking_;
}

void CatchUp::begin(const std::vector<Executed>& executed, const std::vector<std::size_t>& servers) {
  const auto now = Deadline::Clock::now();
  for (const std::size_t to : servers) {
    std::vector<const Executed*> others;
    for (const std::size_t from : servers)
      if (from != to) others.push_back(&executed[from]);
    WaitTarget target = wait_target(executed[to], fleet_[to].replication, others);
    if (target.empty()) continue;
    waits_[to] = {std::move(target), executed[to].applied(), executed[to].applies.value_or(true), now, now};
  }
}

std::vector<Reply<CatchUp::Step>> CatchUp::ask(const std::vector<std::size_t>& servers) {
  auto statements = std::make_shared<std::map<std::size_t, std::pair<Dialect, std::string>>>();
  for (const std::size_t server : servers) {
    const Dialect& dialect = fleet_[server].dialect;
    (*statements)[server] = {dialect, wait_sql(dialect, waits_[server].target, slice)};
  }
  return crew_.ask<Step>(servers, [statements](std::size_t server, mysql::SqlSession& session) {
    const auto& [dialect, sql] = statements->at(server);
    Step step;
    step.reached = reached_from(session.query(sql));
    if (!step.reached) step.applied = read_executed(dialect, session).applied();
    return step;
  });
}

bool CatchUp::settled(std::size_t server, const Reply<Step>& reply) {
  if (!reply.value) {
    if (!stop_.made() || reply.failure->loses_server(stop_)) fleet_.lose(server, *reply.failure);
    lacking_.push_back(server);
    return true;
  }
  if (reply.value->reached) return true;
  Wait& wait = waits_[server];
  if (reply.value->applied != wait.applied) {
    wait.applied = reply.value->applied;
    wait.progress = Deadline::Clock::now();
  }
  if (!given_up(server, wait)) return false;
  lacking_.push_back(server);
  return true;
}

std::string CatchUp::reason(std::size_t server) {
  if (!fleet_[server].replication) return {};
  const auto replies = crew_.ask<std::string>(
      {server}, [dialect = fleet_[server].dialect](std::size_t, mysql::SqlSession& session) {
        return why_not_applying(read_replica_status(dialect, session));
      });
  if (replies[0].failure && replies[0].failure->loses_server(stop_)) fleet_.lose(server, *replies[0].failure);
  return replies[0].value.value_or("");
}

bool CatchUp::given_up(std::size_t server, const Wait& wait) {
  const double standing = seconds_since(wait.progress);
  const bool stands = standing > patience_;
  if (!stands && seconds_since(wait.began) <= patience_ * patience_while_busy) return false;
  if (const std::string why = reason(server); !why.empty()) {
    fleet_.note_not_applying(server, why + "; it cannot be compared");
    return true;
  }
  if (fleet_.failure_of(server)) return true;
  // What stands still may be one large transaction, or a disk that others keep busy.
  if (stands && wait.may_be_at_work && standing <= patience_at_work_) return false;
  if (stands) {
    fleet_.note_not_applying(
        server, "does not apply what the others have executed (nothing for " +
                    format_seconds(static_cast<double>(static_cast<long>(standing))) +
                    "): stopped, delayed or busy with a large transaction; it cannot be compared");
  } else {
    fleet_.note_not_applying(server, "is more than " + format_seconds(patience_ * patience_while_busy) +
                                         " behind the others; it cannot be compared");
  }
  return true;
}

}  // namespace evenkeel::table_sync
