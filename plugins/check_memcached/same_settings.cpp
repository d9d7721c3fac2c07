#include "same_settings.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace evenkeel::cache {

namespace {

using ValueOf = std::function<std::string(const ServerStatistics&)>;

std::string version_of(const ServerStatistics& statistics) { return statistics.version; }

std::string memory_limit_of(const ServerStatistics& statistics) {
  if (!statistics.max_bytes) return {};
  const std::uint64_t bytes = *statistics.max_bytes;
  const bool whole = bytes % (1u << 20) == 0;
  return whole ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes) + " bytes";
}

std::string most_common(const std::vector<Target>& targets, const ValueOf& value_of) {
  std::map<std::string, std::size_t> counts;
  std::string leading;
  for (const Target& target : targets)
    if (target.outcome.reading) ++counts[value_of(target.outcome.reading->statistics)];
  // In the order of the targets, so that the first of equals leads.
  for (const Target& target : targets) {
    if (!target.outcome.reading) continue;
    const std::string value = value_of(target.outcome.reading->statistics);
    if (value.empty()) continue;
    if (leading.empty() || counts[value] > counts[leading]) leading = value;
  }
  return leading;
}

void compare(const std::vector<Target>& targets, const std::string& what, const ValueOf& value_of,
             std::vector<Difference>& found) {
  const std::string usual = most_common(targets, value_of);
  for (const Target& target : targets) {
    if (!target.outcome.reading) continue;
    const std::string value = value_of(target.outcome.reading->statistics);
    if (value.empty() || value == usual) continue;
    std::string text = what;
    text.append(" ").append(value).append(", where the pool has ").append(usual);
    found.push_back({target.name, std::move(text)});
  }
}

}  // namespace

std::vector<Difference> differences(const std::vector<Target>& targets) {
  std::vector<Difference> found;
  compare(targets, "version", version_of, found);
  compare(targets, "memory limit", memory_limit_of, found);
  return found;
}

std::vector<std::string> without_settings(const std::vector<Target>& targets) {
  std::vector<std::string> names;
  for (const Target& target : targets) {
    if (!target.outcome.reading) continue;
    const ServerStatistics& statistics = target.outcome.reading->statistics;
    if (version_of(statistics).empty() || memory_limit_of(statistics).empty()) names.push_back(target.name);
  }
  return names;
}

}  // namespace evenkeel::cache
