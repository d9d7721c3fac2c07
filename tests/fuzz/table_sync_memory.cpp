#include <optional>
#include <string>

#include "expect.h"
#include "table_memory.h"

using namespace evenkeel::fuzz;
using namespace evenkeel::table_sync;

namespace {

ComparisonPlan plan_by_two_columns() {
  ComparisonPlan plan;
  plan.table = {"shop", "flags"};
  plan.columns = {{"id", Encoding::number, false, 0, false}, {"name", Encoding::bytes, false, 0, true}};
  plan.key = {{"id", KeyColumn::Kind::integer, false, ""}, {"name", KeyColumn::Kind::text, false, "utf8mb4"}};
  return plan;
}

constexpr std::size_t servers = 3;

}  // namespace

// A state file may hold anything: what is taken from it is fit to go into a statement.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ComparisonPlan plan = plan_by_two_columns();
  std::optional<TableMemory> memory;
  if (!accepted([&] { memory = TableMemory::parse(text_of(data, size), plan, servers); }) || !memory)
    return 0;
  const auto fits = [](const KeyTuple& key) {
    return valid_key(plan, key) && keys_condition(plan, {key}).find('\n') == std::string::npos;
  };
  expect(!memory->position || fits(*memory->position), "a position is a key");
  expect(memory->share >= 0 && memory->share <= 1, "a share is one");
  expect(memory->coverage.covered() >= 0 && memory->coverage.covered() <= 1, "so is what is covered");
  for (const DriftedRow& row : memory->drift) {
    expect(fits(row.key), "a drifted row has a key");
    for (const auto& [server, kind] : row.on) expect(server < servers, "and a server that is there");
  }
  const std::string text = memory->text(plan.fingerprint());
  const auto again = TableMemory::parse(text, plan, servers);
  expect(again.has_value(), "what was read can be kept");
  expect(again->text(plan.fingerprint()) == text, "and comes back the same");
  return 0;
}
