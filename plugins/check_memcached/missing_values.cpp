#include "missing_values.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace evenkeel::cache {

namespace {

struct Source {
  std::string_view label;
  std::string_view statistic;
  bool may_be_zero = true;
};

constexpr std::array sources{Source{"hit_ratio", "get_hits"},
                             Source{"hit_ratio", "get_misses"},
                             Source{"evictions_per_second", "evictions"},
                             Source{"memory_used", "bytes"},
                             Source{"memory_used", "limit_maxbytes", false},
                             Source{"connections_used", "curr_connections"},
                             Source{"connections_used", "max_connections", false},
                             Source{"refused_per_second", "store_no_memory"},
                             Source{"gets_per_second", "cmd_get"},
                             Source{"sets_per_second", "cmd_set"},
                             Source{"items", "curr_items"},
                             Source{"uptime", "uptime"},
                             Source{"expired_unfetched_per_second", "expired_unfetched"},
                             Source{"evicted_unfetched_per_second", "evicted_unfetched"},
                             Source{"threads", "threads"},
                             Source{"listen_disabled_num", "listen_disabled_num"},
                             Source{"accepting_conns", "accepting_conns"}};

}  // namespace

std::string why_not_told(const std::string& label, const ServerStatistics& statistics) {
  for (const Source& source : sources) {
    if (source.label != label) continue;
    const std::string name(source.statistic);
    if (const auto odd = statistics.odd.find(name); odd != statistics.odd.end())
      return "its " + name + " " + odd->second + " cannot be";
    const std::optional<double> value = statistics.value_of(name);
    if (!value) return "this server does not tell " + name;
    if (*value == 0 && !source.may_be_zero) return "its " + name + " is 0";
  }
  return {};
}

}  // namespace evenkeel::cache
