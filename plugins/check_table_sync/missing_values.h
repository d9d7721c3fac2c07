// What a run could not measure or did not compare, where a threshold or a fresh verdict needs it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "evenkeel/report.h"
#include "evenkeel/thresholds.h"
#include "sync_reading.h"

namespace evenkeel::table_sync {

// For so long the word of an earlier run stands in for a comparison that this run could not make.
constexpr double longest_unverified = 24 * 3600.0;

double unix_now();

// When anything was last compared by an earlier run, in Unix time.
std::optional<double> last_compared(const SyncReading& reading);

// Of a run that knows nothing, not by earlier ones either.
std::string why_nothing_was_compared(const SyncReading& reading);

// Whether a finding says already that not all could be looked at, or that something is broken. A time-out may
// count as OK (-t N:ok), and it is told all the same.
bool is_told(const Report& report, const SyncReading& reading);

// Labels that the user has given thresholds for and that have no value: nobody judges them.
void add_missing_values(Report& report, const Limits& limits, std::string_view reason);

// oldest_verified is the age of what has been compared at some time. A threshold for it asks about the rest,
// too.
void add_unverified_tables(Report& report, const Limits& limits, const SyncReading& reading);

}  // namespace evenkeel::table_sync
