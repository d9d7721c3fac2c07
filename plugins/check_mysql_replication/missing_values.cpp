#include "missing_values.h"

#include <algorithm>

#include "judge_server.h"
#include "wanted_channels.h"

namespace evenkeel::replication {

namespace {

constexpr std::size_t most_names = 3;

bool is_comparison(const std::string& label) {
  return label == "transactions_behind" || label == "errant_transactions";
}

bool equal(const std::optional<Range>& range, const std::string& text) {
  return range == (text.empty() ? std::nullopt : std::optional(Range::parse(text)));
}

}  // namespace

void MissingValues::judge(const std::vector<Target>& targets) {
  for (const Target& target : targets)
    for (const char* label :
         {"lag", "last_heard", "transactions_behind", "errant_transactions", "apply_queue"})
      if (target.reading && (settings_.compares() || !is_comparison(label))) judge_label(target, label);
  write_remarks();
}

void MissingValues::judge_label(const Target& target, const std::string& label) {
  if (has_value(label, target.name)) return;
  const std::optional<Reason> reason = reason_of(target, label);
  if (!reason) return;
  const std::string text = "no value for " + label + ": " + reason->text;
  const bool asked = is_asked_for(label, target.name);
  if (asked && (reason->weight == Weight::unknown || reason->weight == Weight::remark_always))
    report_.add(Status::unknown, target.name, text);
  else if (reason->weight == Weight::remark_always || (asked && reason->weight == Weight::remark))
    remarks_[text].push_back(target.name);
}

std::optional<MissingValues::Reason> MissingValues::reason_of(const Target& target,
                                                              const std::string& label) const {
  if (label == "apply_queue") return reason_for_queue(*target.reading);
  if (target.reading->channels.empty()) return reason_without_channels(target, label);
  // Lag and comparisons have a finding of their own wherever they have no value.
  return label == "last_heard" ? reason_for_silence(*target.reading) : std::nullopt;
}

std::optional<MissingValues::Reason> MissingValues::reason_without_channels(const Target& target,
                                                                            const std::string& label) const {
  if (!ServerJudge::is_cluster_member(*target.reading)) return std::nullopt;
  if (is_comparison(label))
    return Reason{"a cluster member without a channel is not compared", Weight::remark_always};
  // Beside replicas that have it, a member is no miss.
  if (has_value(label, "")) return std::nullopt;
  if (label == "lag" && settings_.heartbeat) {
    if (!target.reading->heartbeats) return std::nullopt;  // has its finding
    return Reason{"no other server writes heartbeats here", Weight::unknown};
  }
  return Reason{"a cluster member without a replication channel has none", Weight::unknown};
}

std::optional<MissingValues::Reason> MissingValues::reason_for_queue(const ReplicaReading& reading) const {
  if (!ServerJudge::is_cluster_member(reading)) {
    // Beside members that have one, a replica is no miss.
    if (has_value("apply_queue", "")) return std::nullopt;
    return Reason{"this is no member of a cluster", Weight::unknown};
  }
  if (!reading.not_readable.empty()) return std::nullopt;  // has its finding
  return Reason{"this server does not tell", Weight::unknown};
}

std::optional<MissingValues::Reason> MissingValues::reason_for_silence(const ReplicaReading& reading) const {
  for (const ChannelStatus& channel : reading.channels) {
    const auto heard = reading.last_heard.find(channel.name);
    // A thread that does not go on has its finding.
    if (!channel.io.goes_on() || !is_wanted(settings_, reading, channel)) continue;
    switch (heard == reading.last_heard.end() ? Unheard::not_told : heard->second.unheard) {
      case Unheard::first_run:
        return Reason{"counters tell only from the second run on", Weight::remark};
      case Unheard::no_state:
        return Reason{"the counters of the last run are not kept", Weight::unknown};
      case Unheard::held_up:
        return Reason{"the IO thread waits for the SQL thread to free relay log space", Weight::remark};
      case Unheard::heard_meanwhile:
        return Reason{"", Weight::none};
      case Unheard::not_told:
        break;
    }
    // What may not be read has its finding.
    if (!reading.not_readable.empty()) return std::nullopt;
    return Reason{reading.server.has_performance_schema || reading.version.mariadb
                      ? "this server does not tell"
                      : "the performance schema is off",
                  Weight::remark_always};
  }
  return std::nullopt;
}

// Of one target, or of any.
bool MissingValues::has_value(const std::string& label, const std::string& target) const {
  const auto& metrics = report_.metrics();
  return std::any_of(metrics.begin(), metrics.end(), [&](const JudgedMetric& judged) {
    const Metric& metric = judged.metric;
    return metric.name == label && metric.value && (target.empty() || metric.target == target);
  });
}

// Thresholds for other instances alone are no question to this one.
bool MissingValues::is_asked_for(const std::string& label, const std::string& target) const {
  if (!limits_.given(label)) return false;
  bool others = false;
  for (const auto& [name, instance] : limits_.named_instances()) {
    if (name != label) continue;
    if (instance == target || instance.starts_with(target + "/")) return true;
    others = true;
  }
  if (!others) return true;
  const auto& labels = limits_.labels();
  const auto spec =
      std::find_if(labels.begin(), labels.end(), [&](const LabelSpec& one) { return one.name == label; });
  const Thresholds plain = limits_.of(label);
  return !equal(plain.warning, spec->default_warning) || !equal(plain.critical, spec->default_critical);
}

void MissingValues::write_remarks() {
  for (const auto& [text, targets] : remarks_) {
    std::string where;
    for (std::size_t i = 0; i < targets.size() && i < most_names; ++i)
      where += (i == 0 ? "" : ", ") + targets[i];
    if (targets.size() > most_names) where += " and " + std::to_string(targets.size() - most_names) + " more";
    report_.remark(text + (report_.target_count() > 1 ? " (" + where + ")" : ""));
  }
}

}  // namespace evenkeel::replication
