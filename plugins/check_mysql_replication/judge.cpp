#include "judge.h"

#include <algorithm>

#include "error_text.h"
#include "evenkeel/text.h"
#include "judge_channel.h"
#include "judge_server.h"

namespace evenkeel::replication {

namespace {

struct Totals {
  std::size_t replicas = 0;
  std::size_t channels = 0;
  std::size_t running = 0;
  std::optional<double> lag;
  std::string slowest;
};

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
    add_totals();
    if (targets.size() > 1) report_.summarise_ok(summary());
    return std::move(report_);
  }

 private:
  void judge_target(const Target& target) {
    if (!target.reading) return judge_failure(target);
    answered_ = true;
    const ReplicaReading& reading = *target.reading;
    const ServerJudge server(target, settings_, report_);
    if (reading.channels.empty() && !server.is_cluster_member())
      report_.add(settings_.not_replica, target.name, "is no replica: it has no replication channel");
    else
      judge_channels(target);
    server.judge();
    judge_comparisons(target);
    for (const std::string& text : reading.not_readable) report_.add(Status::unknown, target.name, text);
  }

  void judge_failure(const Target& target) {
    const Error error = target.error.value_or(Error(Fault::internal, "no answer and no error"));
    std::string text = error.what();
    // MariaDB answers this one only when its relay log can be written again.
    if (error.fault() == Fault::timeout && text.find("SLAVES STATUS") != std::string::npos)
      text += "; MariaDB does this when its disk is full";
    report_.add(status_of(error.fault(), timeout_state_), target.name, text);
  }

  void judge_channels(const Target& target) {
    const ReplicaReading& reading = *target.reading;
    for (const std::string& wanted : settings_.channels)
      if (find_channel(reading, wanted) == nullptr)
        report_.add(Status::critical, target.name,
                    wanted.empty() ? "the default channel is missing"
                                   : "channel " + clean(wanted, 64) + " is missing");
    worst_lag_.reset();
    if (!reading.channels.empty()) ++totals_.replicas;
    for (const ChannelStatus& channel : reading.channels) {
      if (!is_wanted(reading, channel)) continue;
      ChannelJudge judge(target, channel, settings_, limits_, report_);
      judge.judge();
      count(target, channel, judge.lag());
    }
  }

  // The channel without a name goes by its empty name, and by "default" where no other has that name.
  static const ChannelStatus* find_channel(const ReplicaReading& reading, const std::string& wanted) {
    const auto named = [&](const std::string& name) -> const ChannelStatus* {
      for (const ChannelStatus& channel : reading.channels)
        if (lower(channel.name) == lower(name)) return &channel;
      return nullptr;
    };
    const ChannelStatus* const found = named(wanted);
    return found == nullptr && wanted == default_channel ? named("") : found;
  }

  bool is_wanted(const ReplicaReading& reading, const ChannelStatus& channel) const {
    if (settings_.channels.empty()) return true;
    return std::any_of(settings_.channels.begin(), settings_.channels.end(),
                       [&](const std::string& wanted) { return find_channel(reading, wanted) == &channel; });
  }

  void count(const Target& target, const ChannelStatus& channel, std::optional<double> lag) {
    ++totals_.channels;
    if (channel.io.running() && channel.sql.running()) ++totals_.running;
    if (lag) worst_lag_ = std::max(worst_lag_.value_or(0), *lag);
    if (lag && (!totals_.lag || *lag > *totals_.lag)) {
      totals_.lag = lag;
      totals_.slowest = target.name;
    }
  }

  void judge_comparisons(const Target& target) {
    const ReplicaReading& reading = *target.reading;
    for (const ComparedChannel& compared : target.compared) {
      if (compared.channel && !is_wanted_name(reading, *compared.channel)) continue;
      const std::string name = compared.channel.value_or("");
      const std::string prefix = compared.channel ? prefix_of(reading, name) : "";
      const std::string part = compared.channel ? part_of(reading, name) : "";
      if (!compared.comparison)
        report_.add(Status::unknown, target.name,
                    prefix + "cannot compare with " + compared.source + ": " + compared.problem);
      judge_comparison(target, compared, prefix, part);
    }
  }

  bool is_wanted_name(const ReplicaReading& reading, const std::string& name) const {
    for (const ChannelStatus& channel : reading.channels)
      if (channel.name == name) return is_wanted(reading, channel);
    return true;
  }

  void judge_comparison(const Target& target, const ComparedChannel& compared, const std::string& prefix,
                        const std::string& part) {
    Metric behind{"transactions_behind", target.name, part, std::nullopt, "", 0, std::nullopt};
    Metric errant{"errant_transactions", target.name, part, std::nullopt, "", 0, std::nullopt};
    if (!compared.comparison) {
      report_.record(std::move(behind), limits_);
      report_.record(std::move(errant), limits_);
      return;
    }
    const Comparison& found = *compared.comparison;
    behind.value = static_cast<double>(found.behind);
    errant.value = static_cast<double>(found.errant);
    report_.measure(std::move(behind), limits_,
                    prefix + std::to_string(found.behind) + " transactions behind " + compared.source);
    const std::string what =
        prefix + std::to_string(found.errant) + " errant transaction" + (found.errant == 1 ? "" : "s") +
        (found.errant_names.empty() ? "" : ": " + found.errant_names) + ", not on " + compared.source;
    if (limits_.given("errant_transactions")) {
      report_.measure(std::move(errant), limits_, what);
      return;
    }
    report_.record(std::move(errant), limits_);
    if (found.errant > 0) report_.add(Status::warning, target.name, what);
  }

  std::string fine_text(const Target& target) const {
    const ReplicaReading& reading = *target.reading;
    std::size_t judged = 0;
    std::string source;
    for (const ChannelStatus& channel : reading.channels)
      if (is_wanted(reading, channel)) {
        ++judged;
        source = channel.source();
      }
    const std::string cluster = ServerJudge::cluster_text(reading.server);
    std::string text = judged == 1  ? "replicating from " + clean(source, 260)
                       : judged > 1 ? std::to_string(judged) + " channels replicate"
                                    : "";
    if (worst_lag_) text += (judged == 1 ? ", lag " : ", lag at most ") + format_seconds(*worst_lag_);
    if (!cluster.empty()) text += (text.empty() ? "" : ", ") + cluster;
    return text;
  }

  void add_totals() {
    const auto total = [&](const char* name, std::size_t value) {
      // Where no target answered, there is no number, not 0.
      const auto known = answered_ ? std::optional(static_cast<double>(value)) : std::nullopt;
      Metric metric{name, "", "", known, "", 0, std::nullopt};
      report_.measure(std::move(metric), limits_, name_of(name) + " " + std::to_string(value));
    };
    total("channels", totals_.channels);
    total("channels_running", totals_.running);
  }

  static std::string name_of(std::string_view label) {
    return label == "channels" ? "replication channels:" : "running replication channels:";
  }

  std::string summary() const {
    const auto plural = [](std::size_t count, const std::string& noun) {
      return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
    };
    std::string text = plural(totals_.replicas, "replica") + " (" + plural(totals_.channels, "channel") +
                       ") " + (totals_.replicas == 1 ? "replicates" : "replicate");
    if (totals_.lag) text += ", lag at most " + format_seconds(*totals_.lag) + " (" + totals_.slowest + ")";
    return text;
  }

  const Settings& settings_;
  const Limits& limits_;
  Status timeout_state_;
  Report report_;
  Totals totals_;
  bool answered_ = false;
  std::optional<double> worst_lag_;  // of the target in hand
};

}  // namespace

Report judge(const std::vector<Target>& targets, const Settings& settings, const Limits& limits,
             Status timeout_state) {
  return Judge(settings, limits, timeout_state).judge(targets);
}

}  // namespace evenkeel::replication
