#include "load_guard.h"

#include <algorithm>

#include "evenkeel/text.h"
#include "replica_status.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::chrono::milliseconds between_looks(500);
constexpr std::chrono::duration<double> pause_for(0.3);

struct Load {
  double running = 0;
  std::optional<ReplicaStatus> replication;
};

}  // namespace

void LoadGuard::wait(const std::vector<std::size_t>& servers, const Deadline& deadline) {
  while (!stop_.made() && !deadline.expired()) {
    if (Deadline::Clock::now() < next_look_) return;
    const std::string why = reason(servers);
    if (why.empty()) {
      next_look_ = Deadline::Clock::now() + between_looks;
      return;
    }
    last_reason_ = why;
    paused_ += pause_for.count();
    stop_.sleep(pause_for);
  }
}

std::string LoadGuard::remark() const {
  if (last_reason_.empty()) return {};
  return "paused for " + format_seconds(paused_) + ", last because " + last_reason_;
}

std::string LoadGuard::reason(const std::vector<std::size_t>& servers) {
  const std::vector<Dialect> dialects = fleet_.dialects();
  const bool lag = settings_.max_lag.has_value();
  const auto replies =
      crew_.ask<Load>(servers, [dialects, lag](std::size_t server, mysql::SqlSession& session) {
        Load load;
        parse_number(session.query("SHOW GLOBAL STATUS LIKE 'Threads_running'").at(0, "Value").value_or("0"),
                     load.running);
        if (lag) load.replication = read_replica_status(dialects[server], session);
        return load;
      });
  // Of all else, the next chunk says what is wrong.
  for (std::size_t i = 0; i < servers.size(); ++i)
    if (replies[i].failure && replies[i].failure->left_us_waiting())
      fleet_.lose(servers[i], *replies[i].failure);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (!replies[i].value) continue;
    const std::string& name = fleet_.name(servers[i]);
    if (replies[i].value->running > static_cast<double>(settings_.max_running))
      return name + " ran " + format_number(replies[i].value->running) + " threads (--max-running " +
             std::to_string(settings_.max_running) + ")";
    if (!lag) continue;
    for (const ReplicaStatus::Channel& channel : replies[i].value->replication->channels) {
      if (channel.lag && *channel.lag <= *settings_.max_lag) continue;
      return name +
             (channel.lag ? " was " + format_seconds(*channel.lag) + " behind" : " did not replicate") +
             " (--max-lag " + format_number(*settings_.max_lag) + ")";
    }
  }
  return {};
}

}  // namespace evenkeel::table_sync
