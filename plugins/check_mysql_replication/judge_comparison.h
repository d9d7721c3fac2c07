// What is to be said of a replica's transactions beside its sources'.
#pragma once

#include <string>

#include "judge.h"

namespace evenkeel::replication {

class ComparisonJudge {
 public:
  ComparisonJudge(const Target& target, const Settings& settings, const Limits& limits, Report& report);

  void judge();

 private:
  struct Place {
    std::string prefix;
    std::string part;
  };

  void judge_channel(const ComparedChannel& compared, const Place& place);
  void judge_behind(const ComparedChannel& compared, const Place& place);
  void judge_errant(const ComparedChannel& compared, const Place& place);
  void record_without_value(Metric metric, const Place& place, const std::string& reason);
  Errant errant_of(const Comparison& found);
  Metric metric(const char* name, const Place& place) const;

  const Target& target_;
  const ReplicaReading& reading_;
  const Settings& settings_;
  const Limits& limits_;
  Report& report_;
  bool own_told_ = false;
};

}  // namespace evenkeel::replication
