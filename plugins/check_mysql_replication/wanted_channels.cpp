#include "wanted_channels.h"

#include <algorithm>

#include "evenkeel/text.h"

namespace evenkeel::replication {

const ChannelStatus* find_channel(const ReplicaReading& reading, const std::string& wanted) {
  const auto named = [&](const std::string& name) -> const ChannelStatus* {
    for (const ChannelStatus& channel : reading.channels)
      if (lower(channel.name) == lower(name)) return &channel;
    return nullptr;
  };
  const ChannelStatus* const found = named(wanted);
  return found == nullptr && wanted == default_channel ? named("") : found;
}

bool is_wanted(const Settings& settings, const ReplicaReading& reading, const ChannelStatus& channel) {
  if (settings.channels.empty()) return true;
  return std::any_of(settings.channels.begin(), settings.channels.end(),
                     [&](const std::string& wanted) { return find_channel(reading, wanted) == &channel; });
}

bool is_wanted(const Settings& settings, const ReplicaReading& reading, const std::string& name) {
  for (const ChannelStatus& channel : reading.channels)
    if (channel.name == name) return is_wanted(settings, reading, channel);
  return true;
}

}  // namespace evenkeel::replication
