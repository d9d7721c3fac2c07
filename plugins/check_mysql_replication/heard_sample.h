// What one run leaves for the next, so that silence can be measured across runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "channel_status.h"

namespace evenkeel::replication {

// What the server's own times were worth.
enum class Trust {
  told,
  doubted,  // a silence that may have ended with a new connection, which leaves no time behind
  unseen,   // events come that they leave out
};

struct HeardSample {
  std::string channel;
  bool listening = false;  // the IO thread ran, and took what came
  Trust trust = Trust::told;
  std::uint64_t heartbeats = 0;
  std::uint64_t starts = 0;  // how often replication was started on this server
  std::uint64_t relay_log_space = 0;
  double silence = 0;  // known at that time
  std::string position;
  std::string relay_log_file;
};

HeardSample sample_of(const ChannelStatus& channel, std::uint64_t starts);

struct HeardSamples {
  std::vector<HeardSample> channels;
  double delay = 0;  // how long after the answer the text was written

  const HeardSample* find(const std::string& channel) const;
};

// The state file's text. What cannot be read back is no sample.
std::string format_samples(const HeardSamples& samples);
HeardSamples parse_samples(std::string_view text);

}  // namespace evenkeel::replication
