// What is to be said of a cluster member that has no replication channel: whether it keeps up.
#pragma once

#include <string>

#include "judge.h"

namespace evenkeel::replication {

class MemberJudge {
 public:
  MemberJudge(const Target& target, const Settings& settings, const Limits& limits, Report& report);

  void judge() const;

 private:
  void judge_queue() const;
  void judge_heartbeat() const;
  void add(Status status, const std::string& text) const;

  const Target& target_;
  const ReplicaReading& reading_;
  const Settings& settings_;
  const Limits& limits_;
  Report& report_;
};

}  // namespace evenkeel::replication
