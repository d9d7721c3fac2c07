#include "confirmation.h"

#include <algorithm>
#include <set>
#include <utility>

#include "evenkeel/error.h"

namespace evenkeel::table_sync {

namespace {

std::string text_of(const ChunkDigest& digest) {
  return std::to_string(digest.rows) + " " + digest.first.hex() + digest.second.hex();
}

}  // namespace

// What one server shows in one round: its rows, then its position.
struct Confirmation::Sighting {
  std::map<KeyTuple, std::string> rows;
  std::uint64_t count = 0;  // of a table without a key
  Executed executed;
};

Confirmation::Confirmation(Crew& crew, Fleet& fleet, StopRequest& stop, double patience)
    : crew_(crew), fleet_(fleet), stop_(stop), rounds_(crew, fleet, stop, patience) {}

Confirmed Confirmation::confirm(const std::shared_ptr<const ComparisonPlan>& plan, const Hashing& hashing,
                                const Candidates& candidates, const std::vector<std::size_t>& servers) {
  Watches watches;
  for (const auto& [key, seen] : candidates)
    watches.emplace(key, seen.sight.empty() ? RowWatch() : RowWatch(seen.sight, seen.when));
  const auto reader = [&](const Watches& open) -> Read {
    auto statements = std::make_shared<std::vector<std::string>>();
    auto asked = std::make_shared<std::set<KeyTuple>>();
    std::vector<KeyTuple> batch;
    const std::size_t most = max_keys_per_fetch(*plan);
    for (const auto& [key, watch] : open) {
      asked->insert(key);
      batch.push_back(key);
      if (batch.size() < most && batch.size() + statements->size() * most < open.size()) continue;
      statements->push_back(row_digests_by_key_sql(*plan, hashing, batch));
      batch.clear();
    }
    return [plan, statements, asked](std::size_t, mysql::SqlSession& session) {
      Sighting sighting;
      for (const std::string& sql : *statements)
        sighting.rows.merge(row_digests_from(*plan, session.query(sql)));
      for (const auto& [key, digest] : sighting.rows)
        if (!asked->contains(key))
          throw Error(Fault::protocol, "the answer to a row query has a row that was not asked for");
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
          const ChunkDigest digest = chunk_answer_from(session.query(sql)).digest;
          sighting.rows[KeyTuple()] = text_of(digest);
          sighting.count = digest.rows;
          return sighting;
        };
      },
      servers);
}

KeyTuple Confirmation::key_of_part(std::size_t doubt, std::uint64_t part) {
  return {std::to_string(doubt), std::to_string(part)};
}

Confirmed Confirmation::confirm_parts(const std::shared_ptr<const ComparisonPlan>& plan,
                                      const Hashing& hashing, const std::vector<Doubt>& doubts,
                                      const std::vector<std::size_t>& servers) {
  Watches watches;
  for (std::size_t i = 0; i < doubts.size(); ++i)
    for (const std::uint64_t part : doubts[i].parts) watches.emplace(key_of_part(i, part), RowWatch());
  const auto reader = [&](const Watches& open) -> Read {
    auto left = std::make_shared<std::vector<std::pair<std::size_t, Doubt>>>();
    for (std::size_t i = 0; i < doubts.size(); ++i) {
      Doubt doubt = doubts[i];
      std::erase_if(doubt.parts, [&](std::uint64_t part) { return !open.contains(key_of_part(i, part)); });
      if (!doubt.parts.empty()) left->emplace_back(i, std::move(doubt));
    }
    return [plan, hashing, left](std::size_t, mysql::SqlSession& session) {
      Sighting sighting;
      for (const auto& [i, doubt] : *left)
        for (const auto& [part, digest] :
             part_digests_from(doubt, session.query(part_digests_sql(*plan, hashing, doubt))))
          sighting.rows[key_of_part(i, part)] = text_of(digest);
      return sighting;
    };
  };
  return watch(std::move(watches), reader, servers);
}

Confirmed Confirmation::watch(Watches watches, const std::function<Read(const Watches&)>& reader,
                              std::vector<std::size_t> servers) {
  Confirmed result;
  result.servers = servers;
  while (!watches.empty() && servers.size() > 1 && !stop_.made()) {
    const double round_began = steady_seconds();
    const std::vector<Sighting> sightings = look(reader(watches), servers);
    if (servers.size() < 2 || stop_.made()) break;
    result.was_read = true;
    for (const std::size_t server : servers) result.rows = std::max(result.rows, sightings[server].count);
    std::vector<Executed> executed;
    executed.reserve(sightings.size());
    for (const Sighting& sighting : sightings) executed.push_back(sighting.executed);
    const ConfirmRules rules = rounds_.rules_for(executed, servers);
    result.hold = rules.hold;
    settle(watches, sightings, servers, rules, result);
    if (watches.empty()) break;
    double still_since = 0;
    for (const auto& [key, watch] : watches) still_since = std::max(still_since, watch.still_since());
    rounds_.pause(rules, still_since, round_began);
    rounds_.catch_up(executed, servers);
  }
  const bool some_are_lost = servers.size() < result.servers.size() && !stop_.made();
  close(watches, some_are_lost, result);
  result.servers = std::move(servers);
  result.failures = std::exchange(failures_, {});
  return result;
}

void Confirmation::close(const Watches& watches, bool some_are_lost, Confirmed& result) const {
  result.held_still = true;
  for (const auto& [key, watch] : watches) {
    if (some_are_lost)
      result.blocked.push_back(key);
    else if (watch.is_moving())
      result.moving.push_back(key);
    else
      result.undecided.push_back(key);
    result.held_still = result.held_still && (watch.held_still() || watch.is_moving());
  }
}

std::vector<Confirmation::Sighting> Confirmation::look(const Read& read, std::vector<std::size_t>& servers) {
  auto replies = crew_.ask<Sighting>(servers, [read, position = ReplicaRounds::position_reader(fleet_)](
                                                  std::size_t server, mysql::SqlSession& session) {
    Sighting sighting = read(server, session);
    sighting.executed = position(server, session);
    return sighting;
  });
  std::vector<Sighting> sightings(fleet_.size());
  const std::vector<std::size_t> asked = servers;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (replies[i].value) {
      sightings[asked[i]] = std::move(*replies[i].value);
      continue;
    }
    std::erase(servers, asked[i]);
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
    const RowWatch::Verdict verdict = it->second.see(std::move(sight), servers, rules, steady_seconds());
    if (verdict == RowWatch::Verdict::open) {
      ++it;
      continue;
    }
    if (verdict == RowWatch::Verdict::drift) result.drift.push_back({it->first, it->second.sight()});
    if (verdict == RowWatch::Verdict::moving) result.moving.push_back(it->first);
    // Equal among those that are left says nothing of the one that is not.
    if (verdict == RowWatch::Verdict::equal)
      (servers.size() < result.servers.size() ? result.blocked : result.equal).push_back(it->first);
    it = watches.erase(it);
  }
}

}  // namespace evenkeel::table_sync
