// Two samples of one server: the earlier one from an earlier run where there is one, else both now.
#pragma once

#include <string>

#include "evenkeel/http/http_client.h"
#include "evenkeel/state_store.h"
#include "server_reading.h"
#include "settings.h"

namespace evenkeel::apache {

// `state` is the caller's own copy; `key` says which server and page it is.
// Throws Error as HttpClient and read_answer() do.
ServerReading sample_server(http::HttpClient& client, const std::string& page, StateStore state,
                            const std::string& key, const Settings& settings, const Deadline& deadline,
                            Trace& trace);

}  // namespace evenkeel::apache
