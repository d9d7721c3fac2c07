// The digests of --digest, as lines that are equal where the tables are.
#pragma once

#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/report.h"
#include "sync_reading.h"

namespace evenkeel::table_sync {

Report digest_report(const std::vector<HostReading>& hosts, const RunContext& context);

}  // namespace evenkeel::table_sync
