// Which of a replica's channels --channel asks for.
#pragma once

#include <string>

#include "replica_reading.h"
#include "settings.h"

namespace evenkeel::replication {

// The channel without a name goes by its empty name, and by "default" where no other has that name.
const ChannelStatus* find_channel(const ReplicaReading& reading, const std::string& wanted);

bool is_wanted(const Settings& settings, const ReplicaReading& reading, const ChannelStatus& channel);
// True for a channel that is not there: it is wanted from elsewhere.
bool is_wanted(const Settings& settings, const ReplicaReading& reading, const std::string& name);

}  // namespace evenkeel::replication
