#include "definition_watch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "named_definitions.h"
#include "survey.h"

namespace evenkeel::table_sync {

namespace {

bool contains(const std::vector<std::size_t>& servers, std::size_t server) {
  return std::find(servers.begin(), servers.end(), server) != servers.end();
}

// Of those that answer, the servers that have a say about this table.
std::vector<std::size_t> voters(const TableReading& table, std::vector<std::size_t> servers) {
  std::erase_if(servers, [&](std::size_t server) {
    return table.denied.contains(server) || table.outcome.failures.contains(server) ||
           table.unsettled.contains(server);
  });
  return servers;
}

}  // namespace

// What one server shows in one round: its tables, then its position.
struct DefinitionWatch::Look {
  NamedDefinitions definitions;
  Executed executed;
};

DefinitionWatch::DefinitionWatch(Fleet& fleet, StopRequest& stop, double patience,
                                 const TableSelection& selection, std::string where)
    : fleet_(fleet), stop_(stop), patience_(patience), selection_(selection), where_(std::move(where)) {}

bool DefinitionWatch::is_doubtful(const TableReading& table) {
  const DefinitionComparison& seen = table.definition;
  if (!seen.missing_on.empty() || !seen.differences.empty()) return true;
  // It has no columns where it was dropped while it was described.
  return !seen.plan && table.denied.empty() && table.outcome.failures.empty();
}

void DefinitionWatch::settle(Crew& crew, const std::vector<TableReading*>& tables, const Deadline& until,
                             const Deadline& enough) {
  patience_with_moving_ = std::max(patience_, enough.remaining().count());
  for (TableReading* table : tables) {
    Watched& watched = open_[table->table];
    watched.table = table;
    watched.last = table->definition;
    watched.expected = table->definition.missing_on.size() == voters(*table, fleet_.answering()).size();
  }
  ReplicaRounds rounds(crew, fleet_, stop_, patience_);
  std::vector<std::size_t> servers = fleet_.answering();
  while (!open_.empty() && servers.size() > 1 && !stop_.made() && !until.expired()) {
    const double began = steady_seconds();
    const std::vector<Look> looks = look(crew, servers);
    if (servers.size() < 2 || stop_.made()) break;
    std::vector<Executed> executed;
    executed.reserve(looks.size());
    for (const Look& one : looks) executed.push_back(one.executed);
    const ConfirmRules rules = rounds.rules_for(executed, servers);
    for (auto it = open_.begin(); it != open_.end();)
      it = see(it->second, looks, servers, rules) ? open_.erase(it) : std::next(it);
    if (open_.empty()) break;
    double still_since = 0;
    for (const auto& [name, watched] : open_)
      still_since = std::max(still_since, watched.watch.still_since());
    rounds.pause(rules, still_since, began);
    const std::vector<std::size_t> before = servers;
    rounds.catch_up(executed, servers);
    std::vector<std::size_t> lacking;
    for (const std::size_t server : before)
      if (!contains(servers, server)) lacking.push_back(server);
    leave_out(lacking);
  }
  if (servers.size() < 2 && !stop_.made())
    for (auto& [name, watched] : std::exchange(open_, {})) forget(*watched.table);
}

void DefinitionWatch::finish() {
  for (auto& [name, watched] : std::exchange(open_, {})) {
    TableReading& table = *watched.table;
    const std::string ending = watched.watch.held_still()
                                   ? " and held still, but time ran out before it was certain"
                                   : ", and time ran out before it was looked at again";
    for (const std::size_t server : table.definition.missing_on)
      table.doubts.emplace_back(server, "was missing" + ending);
    for (const DefinitionDifference& difference : table.definition.differences)
      table.doubts.emplace_back(difference.server, difference.text + ending);
    // One that was in the making whenever it was looked at.
    table.restless = table.doubts.empty();
    forget(table);
  }
}

std::vector<DefinitionWatch::Look> DefinitionWatch::look(Crew& crew, std::vector<std::size_t>& servers) {
  std::set<TableName> names;
  for (const auto& [name, watched] : open_) names.insert(name);
  auto replies = crew.ask<Look>(
      servers, [names, dialects = fleet_.dialects(), position = ReplicaRounds::position_reader(fleet_)](
                   std::size_t server, mysql::SqlSession& session) {
        Look seen;
        seen.definitions = read_named_definitions(session, dialects[server], names);
        seen.executed = position(server, session);
        return seen;
      });
  std::vector<Look> looks(fleet_.size());
  std::vector<std::size_t> failed;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (replies[i].value)
      looks[servers[i]] = std::move(*replies[i].value);
    else
      failed.push_back(servers[i]);
    if (!replies[i].failure) continue;
    if (replies[i].failure->loses_server(stop_)) fleet_.lose(servers[i], *replies[i].failure);
    if (stop_.made()) continue;
    for (auto& [name, watched] : open_) watched.table->outcome.failures[servers[i]] = *replies[i].failure;
  }
  for (const std::size_t server : failed) std::erase(servers, server);
  if (!stop_.made()) leave_out(failed);
  return looks;
}

DefinitionComparison DefinitionWatch::compare(const TableReading& table, const std::vector<Look>& looks,
                                              const std::vector<std::size_t>& servers) const {
  return compare_on_servers(
      fleet_, servers, table.table,
      [&](std::size_t server) {
        const auto found = looks[server].definitions.find(table.table);
        return found == looks[server].definitions.end() ? nullptr : &found->second.definition;
      },
      selection_, where_);
}

// Definitions of several versions are never the same text: equal is what compares as equal.
RowSight DefinitionWatch::sight_of(const Watched& watched, const std::vector<Look>& looks,
                                   const std::vector<std::size_t>& servers) const {
  RowSight sight(fleet_.size());
  const bool gone = watched.last.missing_on.size() == servers.size();
  const bool same = watched.last.missing_on.empty() && watched.last.differences.empty();
  for (const std::size_t server : servers) {
    const auto found = looks[server].definitions.find(watched.table->table);
    if (found != looks[server].definitions.end())
      sight[server] = same ? "same" : std::to_string(server) + " " + found->second.text;
    else if (gone && watched.expected)
      sight[server] = "missing on " + std::to_string(server);
  }
  return sight;
}

bool DefinitionWatch::see(Watched& watched, const std::vector<Look>& looks,
                          const std::vector<std::size_t>& servers, ConfirmRules rules) {
  const std::vector<std::size_t> asked = voters(*watched.table, servers);
  if (asked.size() < 2) {
    forget(*watched.table);
    return true;
  }
  watched.last = compare(*watched.table, looks, asked);
  watched.was_missing = watched.was_missing || !watched.last.missing_on.empty();
  if (is_of_concern(watched)) rules.patience = patience_with_moving_;
  const RowWatch::Verdict verdict =
      watched.watch.see(sight_of(watched, looks, asked), asked, rules, steady_seconds());
  if (verdict == RowWatch::Verdict::open) return false;
  close(watched, verdict);
  return true;
}

void DefinitionWatch::close(Watched& watched, RowWatch::Verdict verdict) {
  TableReading& table = *watched.table;
  table.definition = std::move(watched.last);
  if (verdict == RowWatch::Verdict::equal && !table.definition.missing_on.empty()) {
    forget(table);
    table.gone = true;
    table.definition.remarks.emplace_back("dropped while this ran");
  }
  if (verdict == RowWatch::Verdict::moving) {
    forget(table);
    table.definition.remarks.emplace_back("created, dropped or altered again and again: not compared");
    table.restless = is_of_concern(watched);
  }
}

// One that comes and goes is not, unless it was named.
bool DefinitionWatch::is_of_concern(const Watched& watched) const {
  const std::vector<TableName> named = selection_.named();
  return !watched.was_missing || std::find(named.begin(), named.end(), watched.table->table) != named.end();
}

// What was seen of it says nothing any more.
void DefinitionWatch::forget(TableReading& table) {
  table.definition.missing_on.clear();
  table.definition.differences.clear();
  table.definition.remarks.clear();
  table.definition.plan.reset();
}

void DefinitionWatch::leave_out(const std::vector<std::size_t>& servers) {
  for (auto& [name, watched] : open_) {
    TableReading& table = *watched.table;
    for (const std::size_t server : servers) {
      table.unsettled.insert(server);
      std::erase(table.definition.missing_on, server);
      std::erase_if(table.definition.differences,
                    [server](const DefinitionDifference& difference) { return difference.server == server; });
    }
  }
}

}  // namespace evenkeel::table_sync
