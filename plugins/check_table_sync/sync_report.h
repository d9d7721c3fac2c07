// From what a run found to a verdict.
#pragma once

#include <string>

#include "evenkeel/check.h"
#include "evenkeel/report.h"
#include "sync_reading.h"
#include "sync_settings.h"

namespace evenkeel::table_sync {

Report sync_report(const SyncReading& reading, const Settings& settings, const RunContext& context);
void say_unmatched(Report& report, const std::string& target, const UnmatchedName& name);

}  // namespace evenkeel::table_sync
