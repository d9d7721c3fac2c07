// How many connections a cache turned away because its limit was reached.
#pragma once

#include "server_reading.h"

namespace evenkeel::cache {

// Since the last run, by rejected_connections where that means the limit.
double rejected_at_the_limit(const ServerReading& reading);

}  // namespace evenkeel::cache
