// The plugin's own options, and what --help says of them.
#pragma once

#include <string>
#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/http/http_client.h"
#include "evenkeel/options.h"
#include "settings.h"

namespace evenkeel::apache {

Description description();
// Throw Error(Fault::usage).
Settings settings_from(const Options& options);
std::vector<http::Endpoint> status_pages_from(const Options& options);

// Adds "auto" to the query of a URL that does not have it.
std::string with_auto(const std::string& url);

}  // namespace evenkeel::apache
