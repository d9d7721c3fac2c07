// Which items a cache evicts, and whether that is soon.
#pragma once

#include <optional>
#include <string>

#include "server_reading.h"

namespace evenkeel::cache {

// "evicting 41/s from 1184-byte items (class 11), oldest lived 38 s": of the class that evicted most since
// the last run; empty where nothing was evicted.
std::string evictions_text(const ServerReading& reading);

}  // namespace evenkeel::cache
