#include "rejections.h"

#include <algorithm>
#include <cmath>

namespace evenkeel::cache {

namespace {

// Connections that come while the counters are told; and those that listen, which are not rejected.
constexpr double under_way = 2;
constexpr double most_listening = 16;

bool are_close(double a, double b, double slack) { return std::abs(a - b) <= slack; }

// Whether there were never half as many connections at once as the limit allows.
bool never_came_near(const ServerStatistics& statistics) {
  if (!statistics.most_connections || !statistics.max_connections) return false;
  return 2 * (*statistics.most_connections + statistics.reserved_descriptors.value_or(0)) <
         *statistics.max_connections;
}

// memcached 1.5.22 counts each connection as rejected. Others with the fault are told by their counters, as
// long as the limit cannot have been reached.
bool counts_all_as_rejected(const ServerReading& reading, double rejected, double all) {
  const ServerStatistics& now = reading.statistics;
  if (now.version == "1.5.22") return true;
  const auto rejected_ever = static_cast<double>(now.counter("rejected_connections"));
  const auto all_ever = static_cast<double>(now.counter("total_connections"));
  return never_came_near(now) && are_close(rejected, all, under_way) &&
         are_close(rejected_ever, all_ever, most_listening);
}

}  // namespace

double rejected_at_the_limit(const ServerReading& reading) {
  const double rejected = reading.growth->of("rejected_connections").value_or(0);
  const std::optional<double> all = reading.growth->of("total_connections");
  if (!all || !counts_all_as_rejected(reading, rejected, *all)) return rejected;
  // What goes beyond the connections that were made was rejected indeed.
  const double beyond = rejected - *all;
  return beyond > under_way ? beyond : 0;
}

}  // namespace evenkeel::cache
