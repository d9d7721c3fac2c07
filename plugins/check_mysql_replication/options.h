// The plugin's own options, and what --help says of them.
#pragma once

#include "evenkeel/check.h"
#include "evenkeel/options.h"
#include "settings.h"

namespace evenkeel::replication {

Description description();
// Throws Error(Fault::usage).
Settings settings_from(const Options& options);

}  // namespace evenkeel::replication
