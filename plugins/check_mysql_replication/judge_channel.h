// What is to be said of one channel of one replica.
#pragma once

#include <optional>
#include <string>

#include "judge.h"

namespace evenkeel::replication {

class ChannelJudge {
 public:
  ChannelJudge(const Target& target, const ChannelStatus& channel, const Settings& settings,
               const Limits& limits, Report& report);

  void judge();
  // "channel east: "; empty where there is but one channel.
  const std::string& prefix() const { return prefix_; }
  std::optional<double> lag() const { return lag_; }

 private:
  void judge_threads();
  void judge_io_thread();
  void judge_sql_thread();
  void judge_until();
  std::string until_suffix() const;
  void judge_disk(const char* name, const ReplicationThread& thread);
  void judge_lag();
  std::optional<double> lag_by_heartbeat();
  std::optional<double> server_lag();
  void judge_last_heard();
  void judge_filters();
  void state_facts();

  void add(Status status, const std::string& text);
  Metric metric(const char* name, std::optional<double> value, const char* unit) const;
  Status state_of(const ReplicationThread& thread) const;

  const Target& target_;
  const ChannelStatus& channel_;
  const Settings& settings_;
  const Limits& limits_;
  Report& report_;
  std::string prefix_;
  std::optional<double> lag_;
  std::string lag_by_;  // whose heartbeat it is taken from
};

// "1 h" where that is exact, else "5000 s (1 h 23 min)".
std::string delay_text(double seconds);

// As labels and thresholds have it: "east", "default" for the one without a name beside others.
std::string part_of(const ReplicaReading& reading, const std::string& channel);
std::string prefix_of(const ReplicaReading& reading, const std::string& channel);

}  // namespace evenkeel::replication
