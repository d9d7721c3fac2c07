#include "sample_server.h"

#include <algorithm>
#include <thread>

#include "evenkeel/sample_history.h"
#include "evenkeel/text.h"

namespace evenkeel::apache {

namespace {

// A server that restarts now is asked until two samples in a row belong together, but not for ever.
constexpr int max_samples = 4;
constexpr double longest_race = 1;  // seconds

struct Sampled {
  ServerStatus status;
  CounterSample counters;
  std::size_t page_bytes = 0;
  std::string http_version;
};

void keep(CounterSample& sample, const char* name, const std::optional<std::uint64_t>& value) {
  if (value) sample.counters.emplace(name, *value);
}

CounterSample counters_of(const ServerStatus& status, const http::Answer& answer) {
  CounterSample sample;
  sample.taken = answer.taken;
  sample.uptime = status.uptime;
  sample.started = clean(status.restart_time, 100);
  // The server counts a request when it is over: the next sample is the first to see this one.
  sample.own = static_cast<std::uint64_t>(answer.requests);
  keep(sample, accesses_counter, status.accesses);
  keep(sample, kilobytes_counter, status.kilobytes);
  keep(sample, duration_counter, status.duration_ms);
  return sample;
}

class Sampling {
 public:
  Sampling(http::HttpClient& client, const std::string& page, StateStore state, const std::string& key,
           const Settings& settings, const Deadline& deadline, Trace& trace)
      : client_(client),
        page_(page),
        state_(std::move(state)),
        key_(key),
        settings_(settings),
        deadline_(deadline),
        trace_(trace) {}

  ServerReading sample() {
    Sampled now = ask();
    const bool counts = now.status.accesses.has_value();
    if (counts) compare_with_last_run(now.counters);
    for (int taken = 1; counts && !reading_.growth && taken < max_samples; ++taken) {
      Sampled next = ask_after_interval(now);
      compare(now.counters, next.counters);
      keep_for_next_run(next.counters);
      now = std::move(next);
    }
    reading_.unsteady = counts && !reading_.growth;
    reading_.status = std::move(now.status);
    reading_.page_bytes = now.page_bytes;
    reading_.http_version = std::move(now.http_version);
    reading_.state_problem = state_.problem();
    return std::move(reading_);
  }

 private:
  Sampled ask() {
    int requests = 1;
    try {
      const http::Answer answer = client_.get(deadline_, trace_);
      requests = answer.requests;
      ServerStatus status = read_answer(answer, page_);
      CounterSample counters = counters_of(status, answer);
      return {std::move(status), std::move(counters), answer.body.size(), answer.http_version};
    } catch (const Error&) {
      if (client_.has_sent()) count_own_of_failed_run(state_, key_, static_cast<std::uint64_t>(requests));
      throw;
    }
  }

  Sampled ask_after_interval(const Sampled& before) {
    reading_.sampled_twice = true;
    trace_.begin("waiting " + format_number(settings_.interval, 3) + " s for the second sample");
    const auto interval = std::chrono::duration_cast<Deadline::Clock::duration>(
        std::chrono::duration<double>(settings_.interval));
    std::this_thread::sleep_until(std::min(before.counters.taken + interval, deadline_.when()));
    return ask();
  }

  void compare_with_last_run(const CounterSample& now) {
    update_history(state_, key_, [&](SampleHistory& samples) {
      // A run of the same moment that asked after us may have been here before us: to us, the counters it
      // left look as if they had fallen.
      const double certain = std::max(settings_.interval, longest_race);
      if (const CounterSample* last = samples.base(certain, SampleHistory::any_age, now.taken))
        reading_.since_last_run = continuity(*last, now);
      if (reading_.since_last_run != Continuity::unbroken) samples.clear();
      const CounterSample* base = samples.base(settings_.interval, settings_.max_age, now.taken);
      if (base != nullptr && continuity(*base, now) == Continuity::unbroken)
        reading_.growth.emplace(*base, now);
      note(now, samples);
      return true;
    });
  }

  void compare(const CounterSample& before, const CounterSample& now) {
    const Continuity between = continuity(before, now);
    if (between == Continuity::unbroken)
      reading_.growth.emplace(before, now);
    else
      reading_.within_this_run = between;
  }

  void keep_for_next_run(const CounterSample& now) {
    update_history(state_, key_, [&](SampleHistory& samples) {
      note(now, samples);
      return true;
    });
  }

  void note(const CounterSample& now, SampleHistory& samples) const {
    samples.count_own(now.own);
    samples.add(now, settings_.interval);
  }

  http::HttpClient& client_;
  const std::string& page_;
  StateStore state_;
  const std::string& key_;
  const Settings& settings_;
  const Deadline& deadline_;
  Trace& trace_;
  ServerReading reading_;
};

}  // namespace

ServerReading sample_server(http::HttpClient& client, const std::string& page, StateStore state,
                            const std::string& key, const Settings& settings, const Deadline& deadline,
                            Trace& trace) {
  return Sampling(client, page, std::move(state), key, settings, deadline, trace).sample();
}

}  // namespace evenkeel::apache
