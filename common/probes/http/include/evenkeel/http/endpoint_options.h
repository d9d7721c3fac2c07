// The options by which HTTP plugins are told whom to ask: -H -p -S -u -I, --socket, --auth-file,
// --header, --ca-cert, --cert, --key, --insecure, --follow-redirects, --proxy.
#pragma once

#include <string>
#include <vector>

#include "evenkeel/http/http_client.h"
#include "evenkeel/options.h"

namespace evenkeel::http {

// `default_path` is what help shows for --url.
std::vector<OptionSpec> endpoint_options(const std::string& default_path);

// In the order given; localhost where nothing is given. Throws Error(Fault::usage).
std::vector<Endpoint> endpoints_from(const Options& options, const std::string& default_path);

}  // namespace evenkeel::http
