#include "judge_channel.h"

#include <algorithm>
#include <cmath>

#include "error_text.h"
#include "evenkeel/text.h"
#include "filters.h"

namespace evenkeel::replication {

namespace {

std::string_view word_of(ThreadState state) {
  switch (state) {
    case ThreadState::running:
      return "running";
    case ThreadState::connecting:
      return "connecting";
    case ThreadState::preparing:
      return "preparing";
    case ThreadState::stopped:
      break;
  }
  return "stopped";
}

}  // namespace

std::string delay_text(double seconds) {
  const std::string text = format_seconds(seconds);
  const std::size_t words = text.find('(');
  const double exact_to = seconds >= 86400 ? 3600 : seconds >= 3600 ? 60 : 1;
  const bool exact = words != std::string::npos && std::fmod(seconds, exact_to) == 0;
  return exact ? text.substr(words + 1, text.size() - words - 2) : text;
}

std::string part_of(const ReplicaReading& reading, const std::string& channel) {
  return channel.empty() && reading.channels.size() > 1 ? default_channel : channel;
}

std::string prefix_of(const ReplicaReading& reading, const std::string& channel) {
  if (reading.channels.size() < 2) return {};
  return channel.empty() ? std::string(default_channel) + " channel: "
                         : "channel " + clean(channel, 64) + ": ";
}

ChannelJudge::ChannelJudge(const Target& target, const ChannelStatus& channel, const Settings& settings,
                           const Limits& limits, Report& report)
    : target_(target),
      channel_(channel),
      settings_(settings),
      limits_(limits),
      report_(report),
      prefix_(prefix_of(*target.reading, channel.name)) {}

void ChannelJudge::judge() {
  // Threads first: MySQL 9 has shown a stopped IO thread with a lag of 0.
  judge_threads();
  judge_lag();
  judge_last_heard();
  judge_filters();
  state_facts();
}

void ChannelJudge::judge_threads() {
  const bool both_stopped_by_hand = channel_.io.state == ThreadState::stopped && channel_.io.error == 0 &&
                                    channel_.sql.state == ThreadState::stopped && channel_.sql.error == 0;
  if (both_stopped_by_hand) {
    add(settings_.stopped, "replication stopped, both threads, without an error" + until_suffix());
    return;
  }
  judge_sql_thread();
  judge_until();
  judge_io_thread();
  judge_disk("IO", channel_.io);
  judge_disk("SQL", channel_.sql);
}

Status ChannelJudge::state_of(const ReplicationThread& thread) const {
  return thread.error == 0 ? settings_.stopped : Status::critical;
}

void ChannelJudge::judge_sql_thread() {
  if (channel_.sql.running()) return;
  const std::string error = error_suffix(channel_.sql);
  add(state_of(channel_.sql),
      "SQL thread stopped" + (error.empty() ? ", without an error" + until_suffix() : error));
}

// The condition stays in the status once it was reached, and where the thread was stopped before that.
std::string ChannelJudge::until_suffix() const {
  return channel_.until.empty() ? "" : "; its UNTIL condition was " + clean(channel_.until, 200);
}

void ChannelJudge::judge_until() {
  if (channel_.sql.running() && !channel_.until.empty())
    report_.remark_of(target_.name, prefix_ + "the SQL thread will stop at its UNTIL condition, " +
                                        clean(channel_.until, 200));
}

void ChannelJudge::judge_io_thread() {
  const std::string error = error_suffix(channel_.io);
  switch (channel_.io.state) {
    case ThreadState::running:
      return;
    case ThreadState::stopped:
      return add(state_of(channel_.io), "IO thread stopped" + (error.empty() ? ", without an error" : error));
    case ThreadState::connecting:
      return add(Status::critical,
                 "IO thread connecting to " + clean(channel_.source(), 260) +
                     (error.empty() ? ", no error given: the source does not answer" : error));
    case ThreadState::preparing:
      return add(Status::warning, "IO thread connected to " + clean(channel_.source(), 260) +
                                      ", but has read nothing yet" + error);
  }
}

void ChannelJudge::judge_disk(const char* name, const ReplicationThread& thread) {
  if (thread.running() && thread.waits_for_disk())
    add(Status::critical, std::string(name) + " thread cannot go on: \"" + clean(thread.doing, 200) + "\"");
}

std::optional<double> ChannelJudge::server_lag() {
  // A thread that does not go on has its finding already, and a lag beside it would be of the past.
  if (!channel_.io.goes_on() || !channel_.sql.goes_on()) return std::nullopt;
  if (!channel_.seconds_behind) add(Status::unknown, "lag is NULL although both threads run");
  return channel_.seconds_behind;
}

std::optional<double> ChannelJudge::lag_by_heartbeat() {
  const ReplicaReading& reading = *target_.reading;
  if (!reading.heartbeats) return std::nullopt;  // has its finding
  const HeartbeatLag found = heartbeat_lag(*reading.heartbeats, *settings_.heartbeat, channel_,
                                           reading.channels.size() == 1, reading.server.server_id);
  if (!found.problem.empty()) add(Status::unknown, found.problem);
  lag_by_ = found.by;
  return found.seconds;
}

void ChannelJudge::judge_lag() {
  const std::optional<double> behind = settings_.heartbeat ? lag_by_heartbeat() : server_lag();
  // Beyond the configured delay; and clocks that differ never make it negative.
  if (behind) lag_ = std::max(0.0, *behind - channel_.configured_delay);
  std::string what = prefix_ + "lag";
  if (lag_) what += " " + format_seconds(*lag_) + lag_by_;
  if (channel_.configured_delay > 0) what += " beyond its delay of " + delay_text(channel_.configured_delay);
  report_.measure(metric("lag", lag_, "s"), limits_, what);
}

void ChannelJudge::judge_last_heard() {
  const auto found = target_.reading->last_heard.find(channel_.name);
  const LastHeard heard = found == target_.reading->last_heard.end() ? LastHeard{} : found->second;
  std::optional<double> seconds = channel_.is_listening() ? heard.seconds : std::nullopt;
  if (seconds) seconds = std::round(*seconds * 1000) / 1000;
  Metric silence = metric("last_heard", seconds, "s");
  const std::optional<double> known_period = heard.period ? heard.period : channel_.heartbeat_period;
  const double period = known_period.value_or(0);
  if (known_period && period <= 0 && !limits_.given("last_heard"))
    report_.remark_of(target_.name, prefix_ + "last_heard is not judged: no heartbeats (period 0)");
  if (!seconds) return report_.record(std::move(silence), limits_);

  const std::string what =
      prefix_ + "nothing heard from " + clean(channel_.source(), 260) + " for " + format_seconds(*seconds);
  if (limits_.given("last_heard")) {
    report_.measure(std::move(silence), limits_, what);
    return;
  }
  report_.record(std::move(silence), limits_);
  if (period > 0 && *seconds > heartbeats_of_patience * period)
    report_.add(Status::warning, target_.name, what + ", a heartbeat is due every " + format_seconds(period));
}

void ChannelJudge::judge_filters() {
  if (const auto filter = filter_of_all(*target_.reading, channel_))
    add(Status::warning, "leaves out what " + clean(channel_.source(), 260) + " writes, " + *filter);
  else if (!channel_.filters.empty())
    report_.remark_of(target_.name, prefix_ + "replication filters are set, " + filters_text(channel_));
}

void ChannelJudge::state_facts() {
  const std::string part = part_of(*target_.reading, channel_.name);
  const auto fact = [&](const char* name, const std::string& value) {
    report_.fact_of(target_.name, name, value, part);
  };
  fact("source", channel_.source());
  fact("io_thread", std::string(word_of(channel_.io.state)));
  fact("io_state", channel_.io.doing);
  fact("sql_thread", std::string(word_of(channel_.sql.state)));
  fact("sql_state", channel_.sql.doing);
  if (channel_.io.error != 0) fact("io_error", channel_.io.error_text);
  if (channel_.sql.error != 0) fact("sql_error", channel_.sql.error_text);
  for (const ChannelStatus::Filter& filter : channel_.filters) fact(filter.option.c_str(), filter.value);
  if (channel_.configured_delay > 0) fact("delay", format_seconds(channel_.configured_delay));
}

void ChannelJudge::add(Status status, const std::string& text) {
  report_.add(status, target_.name, prefix_ + text);
}

Metric ChannelJudge::metric(const char* name, std::optional<double> value, const char* unit) const {
  Metric metric;
  metric.name = name;
  metric.target = target_.name;
  metric.part = part_of(*target_.reading, channel_.name);
  metric.value = value;
  metric.unit = unit;
  metric.min = 0;
  return metric;
}

}  // namespace evenkeel::replication
