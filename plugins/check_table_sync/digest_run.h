// --digest: every host alone, each of its tables as one line.
#pragma once

#include <memory>
#include <vector>

#include "evenkeel/check.h"
#include "sync_reading.h"
#include "sync_settings.h"

namespace evenkeel::table_sync {

std::vector<HostReading> run_digest(const std::shared_ptr<mysql::SqlConnector>& connector,
                                    const std::vector<mysql::Login>& logins, const Settings& settings,
                                    const RunContext& context, const std::shared_ptr<StopRequest>& stop);

}  // namespace evenkeel::table_sync
