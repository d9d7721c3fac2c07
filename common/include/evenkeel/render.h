// Report → what is printed. Pure functions.
// Source: Monitoring Plugins Development Guidelines, "Plugin Output for Nagios", "Performance data".
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "evenkeel/report.h"

namespace evenkeel {

enum class PerfdataThresholds { range, plain, none };
enum class InstanceLabels { automatic, always };

struct RenderStyle {
  int verbosity = 0;
  PerfdataThresholds perfdata_thresholds = PerfdataThresholds::range;
  InstanceLabels instance_labels = InstanceLabels::automatic;
  std::size_t max_bytes = 0;  // of the whole text, its last newline included; 0: no limit
};

// "check_mysql_replication" → "MYSQL_REPLICATION"
std::string service_name(std::string_view plugin);

std::string render_text(std::string_view plugin, const Report& report, const RenderStyle& style);
std::string render_json(std::string_view plugin, std::string_view version, const Report& report,
                        const RenderStyle& style);

// Labels as perfdata has them, before quoting: "lag", "lag@db2", "lag@db2/east"; no "::", no "=".
class Labels {
 public:
  Labels(const Report& report, InstanceLabels mode);
  std::string of(const Metric& metric) const;

 private:
  InstanceLabels mode_;
  bool several_targets_;
  std::map<std::string, std::set<std::string>> parts_;  // per target
};

}  // namespace evenkeel
