// Asks one cache: a round trip, its statistics, and what they were in the last run.
#pragma once

#include "evenkeel/memcached/memcached_client.h"
#include "evenkeel/state_store.h"
#include "server_reading.h"
#include "settings.h"

namespace evenkeel::cache {

// `state` is the caller's own copy; `key` says which server it is. Throws Error as MemcachedClient does.
ServerReading read_server(memcached::MemcachedClient& client, StateStore state, const std::string& key,
                          const Settings& settings);

}  // namespace evenkeel::cache
