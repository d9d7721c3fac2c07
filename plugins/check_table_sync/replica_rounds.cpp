#include "replica_rounds.h"

#include <algorithm>
#include <set>

#include "applier.h"

namespace evenkeel::table_sync {

namespace {

constexpr double longest_gap = 0.16;  // between rounds that wait for positions

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(Deadline::Clock::now().time_since_epoch()).count();
}

ReplicaRounds::ReplicaRounds(Crew& crew, Fleet& fleet, StopRequest& stop, double patience)
    : crew_(crew), fleet_(fleet), stop_(stop), patience_(patience), random_(std::random_device{}()) {}

ReplicaRounds::ReadPosition ReplicaRounds::position_reader(const Fleet& fleet) {
  struct Known {
    Dialect dialect;
    bool status_visible = false;
  };
  std::vector<Known> known;
  std::set<std::string> log_names;
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    known.push_back({fleet[i].dialect, fleet[i].replication.has_value()});
    if (!fleet[i].log_name.empty()) log_names.insert(fleet[i].log_name);
  }
  return [known, log_names](std::size_t server, mysql::SqlSession& session) {
    Executed executed = read_executed(known[server].dialect, session);
    if (!known[server].status_visible)
      executed.applies = applier_runs(known[server].dialect, session, log_names);
    return executed;
  };
}

ConfirmRules ReplicaRounds::rules_for(const std::vector<Executed>& executed,
                                      const std::vector<std::size_t>& servers) const {
  // Who waits for whom, as a graph: where it hangs together, every round lets all of them catch up.
  std::set<std::size_t> reached{servers.front()};
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const std::size_t to : servers)
      for (const std::size_t from : servers) {
        if (to == from || reached.contains(to) == reached.contains(from)) continue;
        if (!wait_target(executed[to], fleet_[to].replication, {&executed[from]}).empty())
          reached.insert({to, from});
      }
  }
  ConfirmRules rules;
  rules.patience = patience_;
  if (reached.size() < servers.size()) rules.hold = patience_;
  return rules;
}

void ReplicaRounds::pause(const ConfirmRules& rules, double still_since, double round_began) {
  std::uniform_real_distribution<double> uniform(0, 1);
  const double u = uniform(random_);
  // Mostly short, sometimes long: nothing that toggles keeps step with it.
  double until = steady_seconds() + longest_gap * u * u;
  if (rules.hold > 0) {
    until = round_began + rules.hold / rules.rounds * (0.3 + u);
    const double held = still_since + rules.hold;
    if (held > steady_seconds()) until = std::min(until, held);
  }
  stop_.sleep(std::chrono::duration<double>(std::max(0.0, until - steady_seconds())));
}

void ReplicaRounds::catch_up(const std::vector<Executed>& executed, std::vector<std::size_t>& servers) {
  for (const std::size_t server : CatchUp(crew_, fleet_, stop_, patience_).wait(executed, servers))
    std::erase(servers, server);
}

}  // namespace evenkeel::table_sync
