#include "missing_values.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "drift_text.h"
#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t most_tables = 5;

// A table that is missing or may not be read has a finding of its own.
bool is_unverified(const TableReading& table) {
  return !table.gone && table.definition.missing_on.empty() && table.denied.empty() &&
         table.outcome.coverage.covered() < 1;
}

std::string unverified_text(const TableReading& table) {
  const double covered = table.outcome.coverage.covered() * 100;
  return table.table.text() +
         (covered > 0 ? " (" + format_number(std::min(covered, 99.9), 1) + " % so far)" : " (never)");
}

}  // namespace

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::optional<double> last_compared(const SyncReading& reading) {
  double last = 0;
  for (const TableReading& table : reading.tables) {
    if (table.gone) continue;
    last = std::max(last, table.verified);
    for (const Coverage::Slice& slice : table.outcome.coverage.slices()) last = std::max(last, slice.when);
  }
  return last > 0 ? std::optional(last) : std::nullopt;
}

std::string why_nothing_was_compared(const SyncReading& reading) {
  const char* const too_late = "nothing was compared before time ran out";
  if (reading.tables.empty())
    return reading.budget_over ? too_late
                               : "no table is left to compare: --ignore-table leaves out all of them";
  const auto& tables = reading.tables;
  const bool has_plan = std::any_of(tables.begin(), tables.end(),
                                    [](const auto& table) { return table.outcome.plan != nullptr; });
  const bool differ = std::any_of(tables.begin(), tables.end(),
                                  [](const auto& table) { return !table.definition.differences.empty(); });
  if (!has_plan && !differ) return "no table could be compared: --ignore-column may leave out all columns";
  return reading.budget_over ? too_late : "no table could be compared";
}

bool is_told(const Report& report, const SyncReading& reading) {
  const auto has_failed = [](const ServerReading& server) { return server.failure.has_value(); };
  return (!report.findings().empty() && is_worse(report.status(), Status::warning)) ||
         std::any_of(reading.servers.begin(), reading.servers.end(), has_failed);
}

void add_missing_values(Report& report, const Limits& limits, std::string_view reason) {
  std::vector<std::string> names;
  for (const Metric& metric : report.unjudged(0))
    if (limits.given(metric.name)) names.push_back(metric.name);
  if (!names.empty())
    report.add(Status::unknown, "", "no value for " + joined(names) + ": " + std::string(reason));
}

void add_unverified_tables(Report& report, const Limits& limits, const SyncReading& reading) {
  const Thresholds thresholds = limits.of("oldest_verified");
  if (!thresholds.warning && !thresholds.critical) return;
  std::vector<std::string> names;
  for (const TableReading& table : reading.tables)
    if (is_unverified(table)) names.push_back(unverified_text(table));
  if (names.empty()) return;
  if (names.size() > most_tables) {
    names.resize(most_tables);
    names.emplace_back("…");
  }
  report.add(Status::unknown, "", "oldest_verified leaves out what was not verified yet: " + joined(names));
}

}  // namespace evenkeel::table_sync
