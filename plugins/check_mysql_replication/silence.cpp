#include "silence.h"

#include <algorithm>

namespace evenkeel::replication {

namespace {

// The server counts some times in whole seconds, and ours are taken at another moment of the run.
constexpr double slack = 1;

std::string_view log_of(std::string_view position) { return position.substr(0, position.rfind(':')); }

bool moved_within_a_log(const HeardSample& before, const HeardSample& now) {
  return before.position != now.position && log_of(before.position) == log_of(now.position);
}

// A new connection begins with the source's log, and a new relay log.
bool may_be_connected_anew(const HeardSample& before, const HeardSample& now) {
  return !before.listening || before.starts != now.starts || before.relay_log_file != now.relay_log_file ||
         log_of(before.position) != log_of(now.position);
}

class Listener {
 public:
  Listener(const HeardSample* before, HeardSample& now, double age, LastHeard& value)
      : before_(before), now_(now), age_(age), value_(value) {}

  void by_counters() {
    if (before_ == nullptr) {
      value_.unheard = Unheard::first_run;
      return;
    }
    const Silence silence = silence_since(*before_, now_, value_.period.value_or(0), age_);
    settle(silence, std::min(silence.certain, value_.connected.value_or(silence.certain)));
  }

  // A server's own times leave out what it wrote itself and a source sends back, and what
  // IGNORE_SERVER_IDS names; and no heartbeat is due while such events flow. Only the position moves.
  void by_servers_times() {
    const double told = *value_.seconds;
    now_.silence = told;
    if (before_ == nullptr) return;
    const Silence silence = silence_since(*before_, now_, value_.period.value_or(0), age_);
    now_.trust = trust_in(told, silence);
    const bool surely_recorded = told < age_ - slack;
    if (now_.trust != Trust::told || (silence.broken && !surely_recorded))
      settle(silence, std::min(told, silence.certain));
  }

 private:
  Trust trust_in(double told, const Silence& silence) const {
    const bool at_rest = !silence.broken && is_short(told);
    const bool surely_unseen = told > age_ + slack;
    if (before_->trust == Trust::unseen && !at_rest) return Trust::unseen;
    if (moved_within_a_log(*before_, now_) && surely_unseen) return Trust::unseen;
    const bool doubtful = before_->trust == Trust::doubted || may_be_connected_anew(*before_, now_);
    return doubtful && !is_short(told) ? Trust::doubted : Trust::told;
  }

  bool is_short(double seconds) const {
    return seconds <= heartbeats_of_patience * value_.period.value_or(0) + slack;
  }

  void settle(const Silence& silence, double seconds) {
    now_.silence = seconds;
    // A number that may be wrong by minutes is none.
    if (silence.broken && !is_short(age_)) {
      value_.seconds.reset();
      value_.unheard = Unheard::heard_meanwhile;
    } else {
      value_.seconds = seconds;
    }
  }

  const HeardSample* before_;
  HeardSample& now_;
  double age_;
  LastHeard& value_;
};

}  // namespace

Silence silence_since(const HeardSample& before, const HeardSample& now, double period, double age) {
  // A new relay log, or a longer one: something was written down, if only that there is a connection. A
  // start of both threads may leave the same log behind.
  const bool moved = before.position != now.position || before.relay_log_file != now.relay_log_file ||
                     before.relay_log_space < now.relay_log_space || before.starts != now.starts;
  if (!before.listening || moved || now.heartbeats < before.heartbeats) return {0, true};
  if (now.heartbeats == before.heartbeats) return {before.silence + age, false};
  // With no event in between, the n-th heartbeat came at most n periods after the last run.
  const auto beats = static_cast<double>(now.heartbeats - before.heartbeats);
  return {period > 0 ? std::max(0.0, age - beats * period) : 0, false};
}

std::vector<HeardSample> complete_last_heard(const std::vector<ChannelStatus>& channels, std::uint64_t starts,
                                             const LastRun& last_run, LastHeardByChannel& heard) {
  std::vector<HeardSample> samples;
  for (const ChannelStatus& channel : channels) {
    HeardSample sample = sample_of(channel, starts);
    LastHeard& value = heard[channel.name];
    if (!value.period) value.period = channel.heartbeat_period;
    const HeardSample* const before = last_run.samples ? last_run.samples->find(sample.channel) : nullptr;
    Listener listener(before, sample, std::max(last_run.age, 0.0), value);
    if (!channel.is_listening()) {
      value.seconds.reset();
      value.unheard = Unheard::held_up;
    } else if (value.seconds) {
      listener.by_servers_times();
    } else if (channel.heartbeats_received) {
      listener.by_counters();
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace evenkeel::replication
