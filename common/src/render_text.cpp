#include <algorithm>
#include <array>

#include "evenkeel/render.h"
#include "evenkeel/text.h"
#include "summary.h"

namespace evenkeel {

namespace {

bool needs_quotes(std::string_view label) {
  return !std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

std::string perfdata_label(std::string_view label) {
  if (!needs_quotes(label)) return std::string(label);
  std::string text = "'";
  for (const char c : label) text += c == '\'' ? "''" : std::string(1, c);
  return text + "'";
}

std::string threshold_text(const std::optional<Range>& range, PerfdataThresholds mode) {
  if (!range || mode == PerfdataThresholds::none) return {};
  if (mode == PerfdataThresholds::plain && !range->is_plain_number()) return {};
  return range->str();
}

std::string number_text(const std::optional<double>& value) { return value ? format_number(*value) : ""; }

std::string perfdata_item(const JudgedMetric& judged, const std::string& label, PerfdataThresholds mode) {
  std::string item = perfdata_label(label) + "=" + format_number(*judged.metric.value) + judged.metric.unit;
  for (const std::string& part :
       {threshold_text(judged.thresholds.warning, mode), threshold_text(judged.thresholds.critical, mode),
        number_text(judged.metric.min), number_text(judged.metric.max)})
    item += ";" + part;
  item.erase(item.find_last_not_of(';') + 1);
  return item;
}

// Totals and plain labels first.
std::vector<std::string> perfdata_items(const Report& report, const RenderStyle& style) {
  const Labels labels(report, style.instance_labels);
  std::vector<std::string> plain;
  std::vector<std::string> instances;
  for (const JudgedMetric& judged : report.metrics()) {
    if (!judged.metric.value) continue;
    const std::string label = labels.of(judged.metric);
    const bool is_plain = label.find('@') == std::string::npos;
    (is_plain ? plain : instances).push_back(perfdata_item(judged, label, style.perfdata_thresholds));
  }
  plain.insert(plain.end(), instances.begin(), instances.end());
  return plain;
}

std::string bracketed(const Finding& finding) {
  return "[" + std::string(to_string(finding.status)) + "] " + finding_text(finding, 2000);
}

void add_metric_lines(std::vector<std::string>& lines, const Report& report, const RenderStyle& style) {
  const Labels labels(report, style.instance_labels);
  for (const JudgedMetric& judged : report.metrics()) {
    std::string line = labels.of(judged.metric) + ": ";
    line += judged.metric.value ? format_number(*judged.metric.value) + judged.metric.unit : "no value";
    if (judged.thresholds.warning) line += ", warning " + judged.thresholds.warning->str();
    if (judged.thresholds.critical) line += ", critical " + judged.thresholds.critical->str();
    lines.push_back(std::move(line));
  }
}

std::vector<std::string> long_lines(const Report& report, const RenderStyle& style, bool summary_was_cut) {
  std::vector<std::string> lines;
  if (style.verbosity >= 1 || report.target_count() > 1 || summary_was_cut)
    for (const Finding& finding : report.sorted_findings()) lines.push_back(bracketed(finding));
  if (style.verbosity >= 1)
    for (const auto& [name, value] : report.facts()) lines.push_back(clean(name, 200) + ": " + clean(value));
  if (style.verbosity >= 2) add_metric_lines(lines, report, style);
  if (style.verbosity >= 3)
    for (const TraceLine& line : report.trace_lines())
      lines.push_back(clean(line.target, 200) + (line.target.empty() ? "" : ": ") + clean(line.text));
  return lines;
}

// Long lines go first, from the end; then perfdata items, from the end; then the summary's end.
std::string fit(std::string line, std::vector<std::string> items, std::vector<std::string> lines,
                std::size_t max_bytes) {
  const auto joined = [&] {
    std::string text = line;
    for (std::size_t i = 0; i < items.size(); ++i) text += (i == 0 ? " | " : " ") + items[i];
    for (const std::string& extra : lines) text += "\n" + extra;
    return text + "\n";
  };
  std::string text = joined();
  while (max_bytes > 0 && text.size() > max_bytes) {
    if (!lines.empty())
      lines.pop_back();
    else if (!items.empty())
      items.pop_back();
    else
      return shorten(line, max_bytes - 1) + "\n";
    text = joined();
  }
  return text;
}

}  // namespace

std::string service_name(std::string_view plugin) {
  if (plugin.starts_with("check_")) plugin.remove_prefix(6);
  std::string name(plugin);
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return name;
}

Labels::Labels(const Report& report, InstanceLabels mode)
    : mode_(mode), several_targets_(report.target_count() > 1) {
  for (const JudgedMetric& judged : report.metrics())
    if (!judged.metric.part.empty()) parts_[judged.metric.target].insert(judged.metric.part);
}

std::string Labels::of(const Metric& metric) const {
  const bool always = mode_ == InstanceLabels::always;
  const auto parts = parts_.find(metric.target);
  const bool with_part =
      !metric.part.empty() && (always || (parts != parts_.end() && parts->second.size() > 1));
  if (metric.target.empty() || !(always || several_targets_ || with_part)) return metric.name;
  return metric.name + "@" + printed_instance(with_part ? metric.instance() : metric.target);
}

std::string render_text(std::string_view plugin, const Report& report, const RenderStyle& style) {
  const Summary summary = summarise(report);
  std::string line =
      service_name(plugin) + " " + std::string(to_string(report.status())) + " - " + summary.text;
  return fit(std::move(line), perfdata_items(report, style), long_lines(report, style, summary.cut),
             style.max_bytes);
}

}  // namespace evenkeel
