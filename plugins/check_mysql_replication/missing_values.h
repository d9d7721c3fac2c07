// A threshold that nothing could be held against must not pass for OK.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "judge.h"

namespace evenkeel::replication {

// Where a label that the user gave thresholds for has no value, and no finding says why: UNKNOWN; a remark
// where the next run will have one.
class MissingValues {
 public:
  MissingValues(const Settings& settings, const Limits& limits, Report& report)
      : settings_(settings), limits_(limits), report_(report) {}

  void judge(const std::vector<Target>& targets);

 private:
  enum class Weight { unknown, remark_always, remark, none };
  struct Reason {
    std::string text;
    Weight weight;
  };

  void judge_label(const Target& target, const std::string& label);
  std::optional<Reason> reason_of(const Target& target, const std::string& label) const;
  std::optional<Reason> reason_without_channels(const Target& target, const std::string& label) const;
  std::optional<Reason> reason_for_queue(const ReplicaReading& reading) const;
  std::optional<Reason> reason_for_silence(const ReplicaReading& reading) const;
  bool has_value(const std::string& label, const std::string& target) const;
  bool is_asked_for(const std::string& label, const std::string& target) const;
  void write_remarks();

  const Settings& settings_;
  const Limits& limits_;
  Report& report_;
  std::map<std::string, std::vector<std::string>> remarks_;  // text → targets
};

}  // namespace evenkeel::replication
