// Opinions about metrics: what -w and -c say, label by label.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evenkeel/metric.h"
#include "evenkeel/range.h"
#include "evenkeel/status.h"

namespace evenkeel {

struct Thresholds {
  std::optional<Range> warning;
  std::optional<Range> critical;

  // Unset never alerts; critical is asked first.
  Status judge(double value) const;
  // The range that alerts; nullptr where none does.
  const Range* breached_by(double value) const;
};

// A label that takes thresholds, as the plugin declares it.
struct LabelSpec {
  std::string name = {};
  std::string unit = {};
  std::string help = {};
  std::string default_warning = {};   // a range, or empty
  std::string default_critical = {};  // a range, or empty
};

// All thresholds of a run. The first label declared is the primary one.
class Limits {
 public:
  explicit Limits(std::vector<LabelSpec> labels);

  enum class Level { warning, critical };
  // `text` is [LABEL[@INSTANCE]=]RANGE. A label given twice in one call of apply() is an error;
  // a later call replaces what earlier ones said, label by label.
  // Throws Error(Fault::usage) that names `option`, the text and what is wrong.
  void apply(Level level, const std::string& option, const std::vector<std::string>& texts);

  // lag@db2/east beats lag@db2, which beats lag.
  Thresholds of(const Metric& metric) const;
  Thresholds of(std::string_view name, std::string_view target = {}, std::string_view part = {}) const;

  // Whether the user (not a default) said anything about this label.
  bool given(std::string_view name) const;

  // Instances that thresholds name ("lag@db2" → "db2"), to notice those that match nothing.
  std::vector<std::pair<std::string, std::string>> named_instances() const;  // (label, instance)

  const std::vector<LabelSpec>& labels() const { return labels_; }

 private:
  bool is_known(const std::string& name) const;
  void check_known(const std::string& option, const std::string& text, const std::string& name) const;

  std::vector<LabelSpec> labels_;
  std::map<std::string, Thresholds, std::less<>> by_label_;  // "lag", "lag@db2"
  bool by_instance_ = false;                                 // whether any of them is for one instance
  std::vector<std::string> given_;
};

}  // namespace evenkeel
