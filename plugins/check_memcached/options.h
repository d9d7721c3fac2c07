// The plugin's own options, and what --help says of them.
#pragma once

#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/memcached/memcached_client.h"
#include "evenkeel/options.h"
#include "settings.h"

namespace evenkeel::cache {

Description description();
// Throw Error(Fault::usage).
Settings settings_from(const Options& options);
std::vector<memcached::Server> servers_from(const Options& options);

}  // namespace evenkeel::cache
