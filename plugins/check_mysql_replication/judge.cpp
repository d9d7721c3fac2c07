#include "judge.h"

#include <algorithm>

#include "evenkeel/text.h"
#include "judge_channel.h"
#include "judge_comparison.h"
#include "judge_member.h"
#include "judge_server.h"
#include "missing_values.h"
#include "read_replica.h"
#include "totals.h"
#include "wanted_channels.h"

namespace evenkeel::replication {

namespace {

class Judge {
 public:
  Judge(const Settings& settings, const Limits& limits, Status timeout_state)
      : settings_(settings), limits_(limits), timeout_state_(timeout_state) {}

  Report judge(const std::vector<Target>& targets) {
    report_.set_target_count(targets.size());
    for (const Target& target : targets) {
      const std::size_t before = report_.findings().size();
      judge_target(target);
      if (report_.findings().size() == before) report_.add(Status::ok, target.name, fine_text(target));
    }
    totals_.measure(report_, limits_);
    MissingValues(settings_, limits_, report_).judge(targets);
    if (targets.size() > 1) report_.summarise_ok(totals_.summary());
    return std::move(report_);
  }

 private:
  void judge_target(const Target& target) {
    if (!target.reading) return judge_failure(target);
    totals_.add_target();
    const ReplicaReading& reading = *target.reading;
    judge_presence(target);
    judge_channels(target);
    ServerJudge(target, settings_, report_).judge();
    MemberJudge(target, settings_, limits_, report_).judge();
    ComparisonJudge(target, settings_, limits_, report_).judge();
    for (const std::string& text : reading.not_readable) report_.add(Status::unknown, target.name, text);
  }

  void judge_failure(const Target& target) {
    const Error error = target.error.value_or(Error(Fault::internal, "no answer and no error"));
    std::string text = error.what();
    // MariaDB answers this one only when its relay log can be written again.
    if (error.fault() == Fault::timeout && text.find(mariadb_status_purpose) != std::string::npos)
      text += "; MariaDB does this when its disk is full";
    report_.add(status_of(error.fault(), timeout_state_), target.name, text);
  }

  void judge_presence(const Target& target) {
    const ReplicaReading& reading = *target.reading;
    const bool is_member = ServerJudge::is_cluster_member(reading);
    if (!reading.channels.empty())
      totals_.add_replica();
    else if (is_member)
      totals_.add_cluster_member();
    else if (settings_.channels.empty())
      report_.add(
          settings_.not_replica, target.name,
          std::string("is no replica: it has no replication channel") +
              (settings_.not_replica == Status::ok ? "" : "; --not-replica says what a source counts as"));
    for (const std::string& wanted : settings_.channels)
      if (find_channel(reading, wanted) == nullptr)
        report_.add(Status::critical, target.name,
                    (wanted.empty() ? "the default channel" : "channel " + clean(wanted, 64)) +
                        " is missing" +
                        (reading.channels.empty() && !is_member ? ", this is no replica at all" : ""));
  }

  void judge_channels(const Target& target) {
    worst_lag_.reset();
    for (const ChannelStatus& channel : target.reading->channels) {
      if (!is_wanted(settings_, *target.reading, channel)) continue;
      ChannelJudge judge(target, channel, settings_, limits_, report_);
      judge.judge();
      totals_.add_channel(target.name, channel, judge.lag());
      if (judge.lag()) worst_lag_ = std::max(worst_lag_.value_or(0), *judge.lag());
    }
  }

  std::string fine_text(const Target& target) const {
    const ReplicaReading& reading = *target.reading;
    std::size_t judged = 0;
    std::string source;
    double delay = 0;
    for (const ChannelStatus& channel : reading.channels)
      if (is_wanted(settings_, reading, channel)) {
        ++judged;
        source = channel.source();
        delay = std::max(delay, channel.configured_delay);
      }
    const std::string cluster = ServerJudge::cluster_text(reading.server);
    std::string text = judged == 1  ? "replicating from " + clean(source, 260)
                       : judged > 1 ? std::to_string(judged) + " channels replicate"
                                    : "";
    if (worst_lag_) text += (judged == 1 ? ", lag " : ", lag at most ") + format_seconds(*worst_lag_);
    if (worst_lag_ && delay > 0)
      text += (judged == 1 ? " beyond its delay of " : " beyond delays of up to ") + delay_text(delay);
    if (!cluster.empty()) text += (text.empty() ? "" : ", ") + cluster;
    return text;
  }

  const Settings& settings_;
  const Limits& limits_;
  Status timeout_state_;
  Report report_;
  Totals totals_;
  std::optional<double> worst_lag_;  // of the target in hand
};

}  // namespace

Report judge(const std::vector<Target>& targets, const Settings& settings, const Limits& limits,
             Status timeout_state) {
  return Judge(settings, limits, timeout_state).judge(targets);
}

}  // namespace evenkeel::replication
