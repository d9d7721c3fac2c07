#include "confirmation.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "catch_up.h"

namespace evenkeel::table_sync {

namespace {

constexpr double longest_gap = 0.16;  // between rounds that wait for positions

double seconds_now() {
  return std::chrono::duration<double>(Deadline::Clock::now().time_since_epoch()).count();
}

std::string text_of(const ChunkDigest& digest) {
  return std::to_string(digest.rows) + " " + digest.first.hex() + digest.second.hex();
}

void remove(std::vector<std::size_t>& servers, std::size_t server) {
  servers.erase(std::remove(servers.begin(), servers.end(), server), servers.end());
}

}  // namespace

// What one server shows in one round: its rows, then its position.
struct Confirmation::Sighting {
  std::map<KeyTuple, std::string> rows;
  Executed executed;
};

Confirmation::Confirmation(Crew& crew, Fleet& fleet, StopRequest& stop, double patience)
    : crew_(crew), fleet_(fleet), stop_(stop), patience_(patience), random_(std::random_device{}()) {}

Confirmed Confirmation::confirm(const std::shared_ptr<const ComparisonPlan>& plan, const Hashing& hashing,
                                const Candidates& candidates, const std::vector<std::size_t>& servers) {
  Watches watches;
  for (const auto& [key, seen] : candidates)
    watches.emplace(key, seen.sight.empty() ? RowWatch() : RowWatch(seen.sight, seen.when));
  const auto reader = [&](const Watches& open) -> Read {
    auto statements = std::make_shared<std::vector<std::string>>();
    std::vector<KeyTuple> batch;
    const std::size_t most = max_keys_per_fetch(*plan);
    for (const auto& [key, watch] : open) {
      batch.push_back(key);
      if (batch.size() < most && batch.size() + statements->size() * most < open.size()) continue;
      statements->push_back(row_digests_by_key_sql(*plan, hashing, batch));
      batch.clear();
    }
    return [plan, statements](std::size_t, mysql::SqlSession& session) {
      Sighting sighting;
      for (const std::string& sql : *statements)
        sighting.rows.merge(row_digests_from(*plan, session.query(sql)));
      return sighting;
    };
  };
  return watch(std::move(watches), reader, servers);
}

Confirmed Confirmation::confirm_whole(const std::shared_ptr<const ComparisonPlan>& plan,
                                      const Hashing& hashing, const std::vector<std::size_t>& servers) {
  Watches watches;
  watches.emplace(KeyTuple(), RowWatch());
  const std::string sql = chunk_digest_sql(*plan, hashing, {});
  return watch(
      std::move(watches),
      [sql](const Watches&) -> Read {
        return [sql](std::size_t, mysql::SqlSession& session) {
          Sighting sighting;
          sighting.rows[KeyTuple()] = text_of(chunk_answer_from(session.query(sql)).digest);
          return sighting;
        };
      },
      servers);
}

Confirmed Confirmation::watch(Watches watches, const std::function<Read(const Watches&)>& reader,
                              std::vector<std::size_t> servers) {
  Confirmed result;
  const std::size_t asked = servers.size();
  while (!watches.empty() && servers.size() > 1 && !stop_.made()) {
    const double round_began = seconds_now();
    const std::vector<Sighting> sightings = look(reader(watches), servers);
    if (servers.size() < 2 || stop_.made()) break;
    const ConfirmRules rules = rules_for(sightings, servers);
    settle(watches, sightings, servers, rules, result);
    if (watches.empty()) break;
    double still_since = 0;
    for (const auto& [key, watch] : watches) still_since = std::max(still_since, watch.still_since());
    pause(rules, still_since, round_began);
    catch_up(sightings, servers);
  }
  for (const auto& [key, watch] : watches)
    (stop_.made() && watch.held_still() ? result.undecided : result.unconfirmed).push_back(key);
  // Equal among those that are left says nothing of the one that is not.
  if (servers.size() < asked)
    result.unconfirmed.insert(result.unconfirmed.end(), std::make_move_iterator(result.equal.begin()),
                              std::make_move_iterator(result.equal.end()));
  if (servers.size() < asked) result.equal.clear();
  result.servers = std::move(servers);
  result.failures = std::exchange(failures_, {});
  return result;
}

std::vector<Confirmation::Sighting> Confirmation::look(const Read& read, std::vector<std::size_t>& servers) {
  std::vector<Dialect> dialects;
  for (std::size_t i = 0; i < fleet_.size(); ++i) dialects.push_back(fleet_[i].dialect);
  auto replies =
      crew_.ask<Sighting>(servers, [read, dialects](std::size_t server, mysql::SqlSession& session) {
        Sighting sighting = read(server, session);
        sighting.executed = read_executed(dialects[server], session);
        return sighting;
      });
  std::vector<Sighting> sightings(fleet_.size());
  const std::vector<std::size_t> asked = servers;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (replies[i].value) {
      sightings[asked[i]] = std::move(*replies[i].value);
      continue;
    }
    remove(servers, asked[i]);
    failures_[asked[i]] = *replies[i].failure;
  }
  return sightings;
}

void Confirmation::settle(Watches& watches, const std::vector<Sighting>& sightings,
                          const std::vector<std::size_t>& servers, const ConfirmRules& rules,
                          Confirmed& result) {
  for (auto it = watches.begin(); it != watches.end();) {
    RowSight sight(fleet_.size());
    for (const std::size_t server : servers) {
      const auto row = sightings[server].rows.find(it->first);
      if (row != sightings[server].rows.end()) sight[server] = row->second;
    }
    const RowWatch::Verdict verdict = it->second.see(std::move(sight), servers, rules, seconds_now());
    if (verdict == RowWatch::Verdict::open) {
      ++it;
      continue;
    }
    if (verdict == RowWatch::Verdict::drift) result.drift.push_back({it->first, it->second.sight()});
    if (verdict == RowWatch::Verdict::moving) result.unconfirmed.push_back(it->first);
    if (verdict == RowWatch::Verdict::equal) result.equal.push_back(it->first);
    it = watches.erase(it);
  }
}

ConfirmRules Confirmation::rules_for(const std::vector<Sighting>& sightings,
                                     const std::vector<std::size_t>& servers) const {
  // Who waits for whom, as a graph: where it hangs together, every round lets all of them catch up.
  std::set<std::size_t> reached{servers.front()};
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const std::size_t to : servers)
      for (const std::size_t from : servers) {
        if (to == from || reached.contains(to) == reached.contains(from)) continue;
        if (!wait_target(sightings[to].executed, fleet_[to].replication, {&sightings[from].executed}).empty())
          reached.insert({to, from});
      }
  }
  ConfirmRules rules;
  rules.patience = patience_;
  if (reached.size() < servers.size()) rules.hold = patience_;
  return rules;
}

void Confirmation::pause(const ConfirmRules& rules, double still_since, double round_began) {
  std::uniform_real_distribution<double> uniform(0, 1);
  const double u = uniform(random_);
  // Mostly short, sometimes long: nothing that toggles keeps step with it.
  double until = seconds_now() + longest_gap * u * u;
  if (rules.hold > 0) {
    until = round_began + rules.hold / rules.rounds * (0.3 + u);
    const double held = still_since + rules.hold;
    if (held > seconds_now()) until = std::min(until, held);
  }
  stop_.sleep(std::chrono::duration<double>(std::max(0.0, until - seconds_now())));
}

void Confirmation::catch_up(const std::vector<Sighting>& sightings, std::vector<std::size_t>& servers) {
  std::vector<Executed> executed(fleet_.size());
  for (const std::size_t server : servers) executed[server] = sightings[server].executed;
  for (const std::size_t server : CatchUp(crew_, fleet_, stop_, patience_).wait(executed, servers))
    remove(servers, server);
}

}  // namespace evenkeel::table_sync
