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

TableMemory memory_from(const json& object, const ComparisonPlan& plan, std::size_t servers) {
  TableMemory memory;
  if (object.contains("position")) {
    memory.position = object.at("position").get<KeyTuple>();
    if (!valid_key(plan, *memory.position)) throw std::invalid_argument("position");
  }
  memory.rows = object.at("rows").get<std::uint64_t>();
  memory.share = std::clamp(object.at("share").get<double>(), 0.0, 1.0);
  memory.visited = object.at("visited").get<double>();
  memory.unnamed = object.at("unnamed").get<std::uint64_t>();
  memory.unnamed_before = object.at("unnamed_before").get<std::uint64_t>();
  memory.chunk_rows = object.at("chunk_rows").get<std::uint64_t>();
  memory.whole_differs = object.at("whole_differs").get<bool>();
  std::vector<Coverage::Slice> slices;
  for (const json& slice : object.at("verified"))
    slices.push_back({slice.at(0).get<double>(), slice.at(1).get<double>(), slice.at(2).get<double>()});
  memory.coverage = Coverage(slices);
  for (const json& item : object.at("drift")) memory.drift.push_back(drifted_from(item, plan, servers));
  return memory;
}

}  // namespace

std::string TableMemory::text(const std::string& fingerprint) const {
  json object{{"format", format},
              {"plan", fingerprint},
              {"rows", rows},
              {"share", share},
              {"visited", visited},
              {"unnamed", unnamed},
              {"unnamed_before", unnamed_before},
              {"chunk_rows", chunk_rows},
              {"whole_differs", whole_differs},
              {"verified", json::array()},
              {"drift", json::array()}};
  if (position) object["position"] = *position;
  for (const Coverage::Slice& slice : coverage.slices())
    object["verified"].push_back({slice.from, slice.to, slice.when});
  for (const DriftedRow& row : drift) object["drift"].push_back(json_of(row));
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

void TableMemory::add_drift_of(const TableMemory& other) {
  std::set<KeyTuple> known;
  for (const DriftedRow& row : drift) known.insert(row.key);
  for (const DriftedRow& row : other.drift)
    if (drift.size() < Drift::max_named && !known.contains(row.key)) drift.push_back(row);
}

}  // namespace evenkeel::table_sync
