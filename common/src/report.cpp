#include "evenkeel/report.h"

#include <algorithm>
#include <cmath>

#include "evenkeel/text.h"

namespace evenkeel {

namespace {

std::string describe(const Metric& metric) {
  std::string text = metric.part.empty() ? "" : metric.part + ": ";
  text += metric.name + " ";
  if (metric.unit == "s") return text + format_seconds(*metric.value);
  text += format_number(*metric.value);
  if (metric.unit == "B") text += " bytes";
  if (metric.unit == "%") text += " %";
  return text;
}

bool has_value(const Metric& metric) { return metric.value && std::isfinite(*metric.value); }

}  // namespace

void Report::add(Status status, std::string target, std::string text) {
  findings_.push_back({status, std::move(target), std::move(text)});
}

Status Report::measure(Metric metric, const Limits& limits, std::string what) {
  const Thresholds thresholds = limits.of(metric);
  if (!has_value(metric)) {
    record(std::move(metric), limits);
    return Status::ok;
  }
  const Status verdict = thresholds.judge(*metric.value);
  if (const Range* breached = thresholds.breached_by(*metric.value)) {
    const std::string state = verdict == Status::critical ? "critical" : "warning";
    add(verdict, metric.target,
        (what.empty() ? describe(metric) : std::move(what)) + " (" + state + ": " +
            breached->complaint(*metric.value) + ")");
  }
  record(std::move(metric), limits);
  return verdict;
}

void Report::record(Metric metric, const Limits& limits) {
  if (!has_value(metric)) metric.value.reset();
  const Thresholds thresholds = limits.of(metric);
  metrics_.push_back({std::move(metric), thresholds});
}

void Report::fact(std::string name, std::string value) {
  facts_.insert_or_assign(std::move(name), std::move(value));
}

void Report::fact_of(const std::string& target, const std::string& name, const std::string& value,
                     const std::string& part) {
  if (value.empty()) return;
  std::string instance = target_count_ > 1 || !part.empty() ? target : "";
  if (!part.empty()) instance += "/" + part;
  fact(instance.empty() ? name : name + "@" + instance, clean(value));
}

void Report::remark(std::string text) {
  if (std::find(remarks_.begin(), remarks_.end(), text) == remarks_.end())
    remarks_.push_back(std::move(text));
}

void Report::remark_of(const std::string& target, const std::string& text) {
  remark(target_count_ > 1 ? target + ": " + text : text);
}

void Report::trace(std::string target, std::string text) {
  trace_.push_back({std::move(target), std::move(text)});
}

void Report::trace_steps(const std::string& target, const std::vector<Trace::Step>& steps) {
  for (const Trace::Step& step : steps) trace(target, step.text());
}

std::vector<Metric> Report::unjudged(std::size_t begin) const {
  std::vector<Metric> metrics;
  for (std::size_t i = begin; i < metrics_.size(); ++i) {
    const auto& [metric, thresholds] = metrics_[i];
    if (!metric.value && (thresholds.warning || thresholds.critical)) metrics.push_back(metric);
  }
  return metrics;
}

bool Report::has_metrics_of(const std::string& target) const {
  return std::any_of(metrics_.begin(), metrics_.end(),
                     [&](const JudgedMetric& judged) { return judged.metric.target == target; });
}

// Without any metric, and with a finding that says why.
bool Report::has_failed(const std::string& instance) const {
  return std::any_of(findings_.begin(), findings_.end(), [&](const Finding& finding) {
    const std::string target = printed_instance(finding.target);
    const bool names_it = instance == target || instance.starts_with(target + "/");
    return names_it && !target.empty() && is_worse(finding.status, Status::warning) &&
           !has_metrics_of(finding.target);
  });
}

void Report::complain_of_unmatched(const Limits& limits) {
  for (const auto& named : limits.named_instances()) {
    const std::string& label = named.first;
    const std::string& instance = named.second;
    const bool measured = std::any_of(metrics_.begin(), metrics_.end(), [&](const JudgedMetric& judged) {
      const Metric& metric = judged.metric;
      return metric.name == label &&
             (printed_instance(metric.target) == instance || printed_instance(metric.instance()) == instance);
    });
    if (!measured && !has_failed(instance))
      add(Status::unknown, "",
          "the threshold for " + label + "@" + instance + " matches nothing that was measured");
  }
}

void Report::reword(const std::function<std::string(const std::string&)>& words) {
  for (Finding& finding : findings_) finding.text = words(finding.text);
}

Status Report::status() const {
  if (findings_.empty()) return Status::unknown;
  Status worst = Status::ok;
  for (const Finding& finding : findings_) worst = worse_of(worst, finding.status);
  return worst;
}

std::vector<Finding> Report::sorted_findings() const {
  std::vector<Finding> sorted = findings_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Finding& a, const Finding& b) { return is_worse(a.status, b.status); });
  return sorted;
}

}  // namespace evenkeel
