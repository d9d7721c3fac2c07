// From what a run found to a verdict.
#pragma once

#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/report.h"
#include "sync_reading.h"
#include "sync_settings.h"

namespace evenkeel::table_sync {

Report sync_report(const SyncReading& reading, const Settings& settings, const RunContext& context);
Report digest_report(const std::vector<HostReading>& hosts, const RunContext& context);

}  // namespace evenkeel::table_sync
