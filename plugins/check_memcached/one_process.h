// Whether two samples are of one memcached: of two, the difference of their counters means nothing.
#pragma once

#include <string>

#include "evenkeel/counter_rate.h"
#include "server_statistics.h"

namespace evenkeel::cache {

// Which process told the statistics, as CounterSample::started keeps it: "PID START VERSION".
std::string process_text(const ServerStatistics& statistics);

// Samples whose `started` is a process_text(). Where a server tells its pid and its clock, these decide: its
// uptime may stand still while it is paused. Else uptime must have grown by about the time between.
Continuity one_process(const CounterSample& before, const CounterSample& now);

}  // namespace evenkeel::cache
