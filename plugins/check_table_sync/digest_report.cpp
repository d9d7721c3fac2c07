#include "digest_report.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "drift_text.h"
#include "evenkeel/text.h"
#include "missing_values.h"
#include "sync_report.h"

namespace evenkeel::table_sync {

namespace {

// What leaves nothing out on any host.
std::vector<UnmatchedName> unmatched_everywhere(const std::vector<HostReading>& hosts) {
  std::vector<UnmatchedName> everywhere;
  if (hosts.empty()) return everywhere;
  for (const UnmatchedName& name : hosts.front().unmatched) {
    const bool all = std::all_of(hosts.begin(), hosts.end(), [&](const HostReading& host) {
      return std::find(host.unmatched.begin(), host.unmatched.end(), name) != host.unmatched.end();
    });
    if (name.leaves_out && all) everywhere.push_back(name);
  }
  return everywhere;
}

void complain_of_comparison(Report& report, const Limits& limits) {
  std::vector<std::string> names;
  for (const LabelSpec& label : limits.labels())
    if (label.name != "rows_compared" && limits.given(label.name)) names.push_back(label.name);
  if (!names.empty())
    report.add(Status::unknown, "", "no value for " + joined(names) + ": --digest compares no servers");
}

}  // namespace

Report digest_report(const std::vector<HostReading>& hosts, const RunContext& context) {
  Report report;
  // Its lines are what it is for: they are shown for one host, too.
  report.set_target_count(std::max<std::size_t>(hosts.size(), 2));
  std::uint64_t tables = 0, rows = 0;
  for (const HostReading& host : hosts) {
    const std::string& name = host.server.name;
    report.trace_steps(name, host.server.steps);
    if (!host.server.version.empty()) report.fact("server " + name, host.server.version);
    if (host.server.failure)
      report.add(status_of(host.server.failure->fault, context.timeout_state), name,
                 host.server.failure->text);
    if (!host.server.visible.empty()) report.remark(name + ": " + host.server.visible);
    for (const std::string& remark : host.remarks) report.remark(remark);
    for (const HostReading::Table& table : host.tables) {
      const std::string what = table.table.text();
      if (!table.digest) {
        report.add(table.status, name, what + ": " + table.problem);
        continue;
      }
      const std::string text =
          table.digest->key + " " + counted(table.digest->rows, "row") + " " + table.digest->digest;
      report.add(Status::ok, name, what + " " + text);
      report.fact((hosts.size() > 1 ? name + " " : "") + what, text);
      ++tables;
      rows += table.digest->rows;
    }
    for (const UnmatchedName& unmatched : host.unmatched)
      if (!unmatched.leaves_out) say_unmatched(report, name, unmatched);
  }
  for (const UnmatchedName& unmatched : unmatched_everywhere(hosts)) say_unmatched(report, "", unmatched);
  report.summarise_ok(counted(tables, "table") + ", " + counted(rows, "row") + " digested");
  const auto value = tables > 0 ? std::optional(static_cast<double>(rows)) : std::nullopt;
  report.measure({.name = "rows_compared", .value = value, .min = 0}, context.limits);
  add_missing_values(report, context.limits, "no table was digested");
  complain_of_comparison(report, context.limits);
  return report;
}

}  // namespace evenkeel::table_sync
