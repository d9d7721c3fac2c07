#include "totals.h"

#include <algorithm>

#include "evenkeel/text.h"
#include "judge_channel.h"

namespace evenkeel::replication {

namespace {

std::string plural(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

void Totals::add_channel(const std::string& target, const ChannelStatus& channel, std::optional<double> lag) {
  ++channels_;
  if (channel.io.goes_on() && channel.sql.goes_on()) ++running_;
  if (channel.configured_delay > 0) ++delayed_;
  longest_delay_ = std::max(longest_delay_, channel.configured_delay);
  if (lag && (!lag_ || *lag > *lag_)) {
    lag_ = lag;
    slowest_ = target;
  }
}

void Totals::measure(Report& report, const Limits& limits) const {
  const auto total = [&](const char* name, const char* what, std::size_t value) {
    // Where no target answered, there is no number, not 0.
    const auto known = answered_ > 0 ? std::optional(static_cast<double>(value)) : std::nullopt;
    Metric metric{name, "", "", known, "", 0, std::nullopt};
    report.measure(std::move(metric), limits, what + std::to_string(value));
  };
  total("channels", "replication channels: ", channels_);
  total("channels_running", "running replication channels: ", running_);
}

std::string Totals::replicas_text() const {
  std::string text = plural(replicas_, "replica") + " (" + plural(channels_, "channel") + ") " +
                     (replicas_ == 1 ? "replicates" : "replicate");
  if (lag_) text += ", lag at most " + format_seconds(*lag_) + " (" + slowest_ + ")";
  if (delayed_ > 0)
    text += " beyond " + plural(delayed_, "delay") + " of " + (delayed_ == 1 ? "" : "up to ") +
            delay_text(longest_delay_);
  return text;
}

std::string Totals::summary() const {
  if (members_ == 0) return replicas_text();
  const std::string members = plural(members_, "cluster member") + (members_ == 1 ? " is" : " are") + " fine";
  return replicas_ == 0 ? members : replicas_text() + ", " + members;
}

}  // namespace evenkeel::replication
