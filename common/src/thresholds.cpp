#include "evenkeel/thresholds.h"

#include <algorithm>
#include <set>

#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "shown_value.h"

namespace evenkeel {

Status Thresholds::judge(double value) const {
  if (critical && critical->alerts(value)) return Status::critical;
  if (warning && warning->alerts(value)) return Status::warning;
  return Status::ok;
}

const Range* Thresholds::breached_by(double value) const {
  if (critical && critical->alerts(value)) return &*critical;
  if (warning && warning->alerts(value)) return &*warning;
  return nullptr;
}

Limits::Limits(std::vector<LabelSpec> labels) : labels_(std::move(labels)) {
  for (const LabelSpec& label : labels_) {
    Thresholds& defaults = by_label_[label.name];
    if (!label.default_warning.empty()) defaults.warning = Range::parse(label.default_warning);
    if (!label.default_critical.empty()) defaults.critical = Range::parse(label.default_critical);
  }
}

void Limits::apply(Level level, const std::string& option, const std::vector<std::string>& texts) {
  std::set<std::string> seen;
  for (const std::string& text : texts) {
    // No range holds "=", but a channel's name may.
    const std::size_t equals = text.rfind('=');
    const bool labelled = equals != std::string::npos;
    if (labels_.empty()) throw usage_error(option + ": this plugin has no thresholds");
    const std::string written = labelled ? text.substr(0, equals) : labels_.front().name;
    const std::size_t at = written.find('@');
    const std::string name = written.substr(0, at);
    const std::string label =
        at == std::string::npos ? name : name + "@" + printed_instance(written.substr(at + 1));
    // As a whole it is no threshold, and what is wrong with it would tell of the password.
    if (holds_login(text) && !is_known(name)) throw usage_error(option + ": the value is not a threshold");
    check_known(option, text, name);
    if (label == name + "@")
      throw usage_error(option + " \"" + clean(text, 80) + "\": no instance after the @");
    if (!seen.insert(label).second) throw usage_error(option + ": given twice for " + clean(label, 80));
    try {
      const Range range = Range::parse(labelled ? text.substr(equals + 1) : text);
      (level == Level::warning ? by_label_[label].warning : by_label_[label].critical) = range;
      by_instance_ = by_instance_ || label != name;
    } catch (const Error& error) {
      if (holds_login(text)) throw usage_error(option + ": the value is not a threshold");
      throw usage_error(option + (labelled ? " " + clean(label, 80) : "") + ": " + error.what());
    }
    given_.push_back(name);
  }
}

bool Limits::is_known(const std::string& name) const {
  return std::any_of(labels_.begin(), labels_.end(),
                     [&name](const LabelSpec& label) { return label.name == name; });
}

void Limits::check_known(const std::string& option, const std::string& text, const std::string& name) const {
  if (is_known(name)) return;
  std::string known;
  for (const LabelSpec& label : labels_) known += (known.empty() ? "" : ", ") + label.name;
  throw usage_error(option + " \"" + clean(text, 80) + "\": unknown label \"" + clean(name, 60) +
                    "\"; the labels are " + known);
}

Thresholds Limits::of(const Metric& metric) const { return of(metric.name, metric.target, metric.part); }

Thresholds Limits::of(std::string_view name, std::string_view target, std::string_view part) const {
  Thresholds found;
  const auto overlay = [&](const std::string& label) {
    const auto it = by_label_.find(label);
    if (it == by_label_.end()) return;
    if (it->second.warning) found.warning = it->second.warning;
    if (it->second.critical) found.critical = it->second.critical;
  };
  const std::string label(name);
  overlay(label);
  if (!by_instance_) return found;
  if (!target.empty()) overlay(label + "@" + printed_instance(target));
  if (!target.empty() && !part.empty())
    overlay(label + "@" + printed_instance(std::string(target) + "/" + std::string(part)));
  return found;
}

bool Limits::given(std::string_view name) const {
  return std::find(given_.begin(), given_.end(), name) != given_.end();
}

std::vector<std::pair<std::string, std::string>> Limits::named_instances() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [label, thresholds] : by_label_) {
    const std::size_t at = label.find('@');
    if (at != std::string::npos) result.emplace_back(label.substr(0, at), label.substr(at + 1));
  }
  return result;
}

}  // namespace evenkeel
