// The plugin's own options, and what --help says of them.
#pragma once

#include "evenkeel/check.h"
#include "evenkeel/options.h"
#include "sync_settings.h"

namespace evenkeel::table_sync {

Description description();
// Throws Error(Fault::usage).
Settings settings_from(const Options& options);

inline constexpr double default_timeout = 50;

}  // namespace evenkeel::table_sync
