// How long a source has certainly been silent, from what two runs saw. Where only the interval is known in
// which something came, the shortest silence is what is certain.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "channel_status.h"
#include "heard_sample.h"
#include "last_heard.h"

namespace evenkeel::replication {

struct Silence {
  double certain = 0;
  bool broken = false;  // something came between the runs, no one knows when
};

// It may have been longer, by less than the time between the runs or one heartbeat period.
Silence silence_since(const HeardSample& before, const HeardSample& now, double period, double age);

struct LastRun {
  std::optional<HeardSamples> samples;  // nothing on a first run
  double age = 0;                       // seconds between that run's answer and this one's
};

// The values of this run, and the samples for the next one. `starts` counts how often replication was
// started on this server.
std::vector<HeardSample> complete_last_heard(const std::vector<ChannelStatus>& channels, std::uint64_t starts,
                                             const LastRun& last_run, LastHeardByChannel& heard);

}  // namespace evenkeel::replication
