// All targets of a run taken together.
#pragma once

#include <optional>
#include <string>

#include "channel_status.h"
#include "evenkeel/report.h"

namespace evenkeel::replication {

class Totals {
 public:
  void add_target() { ++answered_; }
  void add_replica() { ++replicas_; }
  void add_cluster_member() { ++members_; }
  void add_channel(const std::string& target, const ChannelStatus& channel, std::optional<double> lag);

  // The labels channels and channels_running.
  void measure(Report& report, const Limits& limits) const;
  // Line 1 where nothing is wrong: "2 replicas (3 channels) replicate, lag at most 4 s (db3)".
  std::string summary() const;

 private:
  std::string replicas_text() const;

  std::size_t answered_ = 0;
  std::size_t replicas_ = 0;
  std::size_t members_ = 0;  // of a cluster, without channels
  std::size_t channels_ = 0;
  std::size_t running_ = 0;
  std::optional<double> lag_;
  std::string slowest_;
  std::size_t delayed_ = 0;  // channels
  double longest_delay_ = 0;
};

}  // namespace evenkeel::replication
