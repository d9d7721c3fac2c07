#include "drift_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace evenkeel::table_sync {

namespace {

constexpr std::array kinds{RowKind::changed, RowKind::missing, RowKind::extra};
constexpr std::array kind_names{"changed", "missing", "extra"};

// Rows that differ on the same servers.
struct Group {
  std::array<std::vector<KeyTuple>, 3> keys;  // by kind, no more than are shown
  std::array<std::uint64_t, 3> counts{};

  std::uint64_t count() const { return counts[0] + counts[1] + counts[2]; }
  int kinds_there() const {
    return static_cast<int>(std::count_if(counts.begin(), counts.end(), [](auto n) { return n > 0; }));
  }
};

std::size_t index_of(RowKind kind) {
  return static_cast<std::size_t>(std::find(kinds.begin(), kinds.end(), kind) - kinds.begin());
}

std::map<std::vector<std::size_t>, Group> groups_of(const Drift& drift, std::size_t keys) {
  const std::vector<DriftedRow> known = drift.rows();
  std::vector<const DriftedRow*> rows;
  rows.reserve(known.size());
  for (const DriftedRow& row : known) rows.push_back(&row);
  std::sort(rows.begin(), rows.end(),
            [](const DriftedRow* a, const DriftedRow* b) { return comes_first(a->key, b->key); });
  std::map<std::vector<std::size_t>, Group> groups;
  for (const DriftedRow* row : rows) {
    std::vector<std::size_t> servers;
    for (const auto& [server, kind] : row->on) servers.push_back(server);
    Group& group = groups[servers];
    const std::size_t kind = row->on.empty() ? 0 : index_of(row->on.front().second);
    ++group.counts[kind];
    if (group.keys[kind].size() < keys) group.keys[kind].push_back(row->key);
  }
  return groups;
}

std::string one_kind(const ComparisonPlan& plan, const Group& group, const std::string& who, bool several) {
  const std::size_t kind = static_cast<std::size_t>(
      std::find_if(group.counts.begin(), group.counts.end(), [](auto n) { return n > 0; }) -
      group.counts.begin());
  const std::string keys = " (" + keys_text(plan, group.keys[kind], group.counts[kind]) + ")";
  if (kinds[kind] == RowKind::missing)
    return who + (several ? " lack " : " lacks ") + counted(group.counts[kind], "row") + keys;
  if (kinds[kind] == RowKind::extra)
    return who + (several ? " have " : " has ") + counted(group.counts[kind], "extra row") + keys;
  return who + (several ? " differ in " : " differs in ") + counted(group.counts[kind], "row") + keys;
}

std::string group_text(const ComparisonPlan& plan, const Group& group, const std::string& who, bool several) {
  if (group.kinds_there() == 1) return one_kind(plan, group, who, several);
  std::string text = who + (several ? " differ in " : " differs in ") + counted(group.count(), "row") + ": ";
  std::vector<std::string> parts;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind)
    if (group.counts[kind] > 0)
      parts.push_back(std::to_string(group.counts[kind]) + " " + kind_names[kind] + " (" +
                      keys_text(plan, group.keys[kind], group.counts[kind]) + ")");
  return text + joined(parts);
}

}  // namespace

bool comes_first(const KeyTuple& a, const KeyTuple& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] == b[i]) continue;
    const bool digits = a[i].find_first_not_of("0123456789") == std::string::npos &&
                        b[i].find_first_not_of("0123456789") == std::string::npos;
    return digits && a[i].size() != b[i].size() ? a[i].size() < b[i].size() : a[i] < b[i];
  }
  return a.size() < b.size();
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

std::string counted(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string keys_text(const ComparisonPlan& plan, const std::vector<KeyTuple>& keys, std::uint64_t of_count) {
  std::vector<std::string> columns;
  for (const KeyColumn& column : plan.key) columns.push_back(column.name);
  std::string text = columns.size() == 1 ? columns[0] : "(" + joined(columns) + ")";
  for (std::size_t i = 0; i < keys.size(); ++i) text += (i == 0 ? " " : ", ") + key_text(plan, keys[i]);
  return keys.size() < of_count ? text + ", …" : text;
}

std::string drift_text(const ComparisonPlan& plan, const Drift& drift, const std::vector<std::string>& names,
                       const std::vector<std::size_t>& servers, std::size_t keys, bool at_least) {
  const auto groups = groups_of(drift, keys);
  std::vector<const std::pair<const std::vector<std::size_t>, Group>*> by_size;
  by_size.reserve(groups.size());
  for (const auto& group : groups) by_size.push_back(&group);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const auto* a, const auto* b) { return a->second.count() > b->second.count(); });
  std::vector<std::string> parts;
  std::set<std::size_t> wrong;
  for (const auto* group : by_size) {
    std::vector<std::string> who;
    for (const std::size_t server : group->first) who.push_back(names[server]);
    wrong.insert(group->first.begin(), group->first.end());
    parts.push_back(group_text(plan, group->second, joined(who), who.size() > 1));
  }
  if (drift.unnamed() > 0)
    parts.push_back((at_least ? "at least " : "") + counted(drift.unnamed(), "more row") + " not named here");
  std::vector<std::string> right;
  for (const std::size_t server : servers)
    if (!wrong.contains(server)) right.push_back(names[server]);
  std::string text = joined(parts);
  if (servers.size() > 2 && right.size() > 1) text += "; " + joined(right, " = ");
  return text;
}

}  // namespace evenkeel::table_sync
