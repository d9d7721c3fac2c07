#include "table_memory.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace evenkeel::table_sync {

namespace {

using nlohmann::json;

constexpr int format = 1;

json json_of(const DriftedRow& row) {
  json on = json::array();
  for (const auto& [server, kind] : row.on) {
    on.push_back(server);
    on.push_back(static_cast<int>(kind));
  }
  return {row.key, on};
}

DriftedRow drifted_from(const json& item, const ComparisonPlan& plan, std::size_t servers) {
  DriftedRow row{item.at(0).get<KeyTuple>(), {}};
  if (!valid_key(plan, row.key)) throw std::invalid_argument("key");
  const json& on = item.at(1);
  for (std::size_t i = 0; i + 1 < on.size(); i += 2) {
    const auto server = on.at(i).get<std::size_t>();
    const int kind = on.at(i + 1).get<int>();
    if (server >= servers || kind < 0 || kind > 2) throw std::invalid_argument("server");
    row.on.emplace_back(server, static_cast<RowKind>(kind));
  }
  return row;
}

KeyTuple valid(const ComparisonPlan& plan, KeyTuple key) {
  if (!valid_key(plan, key)) throw std::invalid_argument("key");
  return key;
}

json json_of(const std::optional<KeyTuple>& end) { return end ? json(*end) : json(nullptr); }

std::optional<KeyTuple> end_of_range(const ComparisonPlan& plan, const json& end) {
  if (end.is_null()) return std::nullopt;
  return valid(plan, end.get<KeyTuple>());
}

TableMemory memory_from(const json& object, const ComparisonPlan& plan, std::size_t servers) {
  TableMemory memory;
  if (object.contains("position")) {
    memory.position = object.at("position").get<KeyTuple>();
    if (!valid_key(plan, *memory.position)) throw std::invalid_argument("position");
  }
  memory.rows = object.at("rows").get<std::uint64_t>();
  memory.share = std::clamp(object.at("share").get<double>(), 0.0, 1.0);
  memory.visited = object.at("visited").get<double>();
  memory.chunk_rows = object.at("chunk_rows").get<std::uint64_t>();
  memory.whole_differs = object.at("whole_differs").get<bool>();
  std::vector<Coverage::Slice> slices;
  for (const json& slice : object.at("verified"))
    slices.push_back({slice.at(0).get<double>(), slice.at(1).get<double>(), slice.at(2).get<double>()});
  memory.coverage = Coverage(slices);
  for (const json& item : object.at("drift")) memory.drift.push_back(drifted_from(item, plan, servers));
  // What follows is not in the files of earlier versions.
  for (const json& server : object.value("whole_differs_on", json::array())) {
    memory.whole_differs_on.push_back(server.get<std::size_t>());
    if (memory.whole_differs_on.back() >= servers) throw std::invalid_argument("server");
  }
  memory.undecided_whole = object.value("undecided_whole", false);
  for (const json& key : object.value("undecided", json::array()))
    memory.undecided.push_back(valid(plan, key.get<KeyTuple>()));
  for (const json& key : object.value("passed_by", json::array()))
    memory.passed_by.push_back(valid(plan, key.get<KeyTuple>()));
  for (const json& range : object.value("doubtful", json::array()))
    memory.doubtful.push_back({end_of_range(plan, range.at(0)), end_of_range(plan, range.at(1))});
  std::vector<UnnamedRows::Part> parts;
  for (const json& part : object.value("unnamed_rows", json::array()))
    parts.push_back(
        {part.at(0).get<std::uint64_t>(), part.at(1).get<std::uint64_t>(), part.at(2).get<std::uint64_t>()});
  memory.unnamed = UnnamedRows(parts);
  return memory;
}

}  // namespace

std::string TableMemory::text(const std::string& fingerprint) const {
  json object{{"format", format},
              {"plan", fingerprint},
              {"rows", rows},
              {"share", share},
              {"visited", visited},
              {"chunk_rows", chunk_rows},
              {"whole_differs", whole_differs},
              {"whole_differs_on", whole_differs_on},
              {"verified", json::array()},
              {"drift", json::array()},
              {"unnamed_rows", json::array()},
              {"undecided", undecided},
              {"passed_by", passed_by},
              {"undecided_whole", undecided_whole},
              {"doubtful", json::array()}};
  if (position) object["position"] = *position;
  for (const Coverage::Slice& slice : coverage.slices())
    object["verified"].push_back({slice.from, slice.to, slice.when});
  for (const DriftedRow& row : drift) object["drift"].push_back(json_of(row));
  for (const UnnamedRows::Part& part : unnamed.parts())
    object["unnamed_rows"].push_back({part.from, part.upto, part.count});
  for (const KeyRange& range : doubtful)
    object["doubtful"].push_back({json_of(range.after), json_of(range.upto)});
  return object.dump(-1, ' ', true, json::error_handler_t::replace);
}

std::optional<TableMemory> TableMemory::parse(std::string_view text, const ComparisonPlan& plan,
                                              std::size_t servers) {
  try {
    const json object = json::parse(text);
    if (object.at("format") != format || object.at("plan") != plan.fingerprint()) return std::nullopt;
    return memory_from(object, plan, servers);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

double TableMemory::visited_in(std::string_view text) {
  try {
    return json::parse(text).at("visited").get<double>();
  } catch (const std::exception&) {
    return 0;
  }
}

bool TableMemory::keep_undecided(const std::vector<KeyTuple>& keys) {
  const std::set<KeyTuple> known(undecided.begin(), undecided.end());
  std::size_t bytes = 0;
  for (const KeyTuple& key : undecided) bytes += bytes_of(key);
  for (const KeyTuple& key : keys) {
    if (known.contains(key)) continue;
    bytes += bytes_of(key);
    if (undecided.size() >= max_undecided || bytes > max_undecided_bytes) return false;
    undecided.push_back(key);
  }
  return true;
}

void TableMemory::add_findings_of(const TableMemory& other) {
  std::set<KeyTuple> known;
  std::size_t bytes = 0;
  for (const DriftedRow& row : drift) {
    known.insert(row.key);
    bytes += bytes_of(row.key);
  }
  for (const DriftedRow& row : other.drift) {
    if (known.contains(row.key)) continue;
    bytes += bytes_of(row.key);
    if (drift.size() >= Drift::max_named || bytes > Drift::max_key_bytes) break;
    drift.push_back(row);
  }
  keep_undecided(other.undecided);
  undecided_whole = undecided_whole || other.undecided_whole;
  if (doubtful.empty()) doubtful = other.doubtful;
}

}  // namespace evenkeel::table_sync
