#include "sample_server.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>
#include <vector>

#include "evenkeel/sample_history.h"
#include "evenkeel/text.h"

namespace evenkeel::apache {

namespace {

// A server that restarts now is asked until two samples in a row belong together, but not for ever.
constexpr int max_samples = 4;
constexpr double longest_race = 1;  // seconds

// A page that stays the same for so long although it was asked for comes from a cache: a server counts the
// request for it.
constexpr double longest_still = 0.25;  // seconds

// How many requests a server that is as busy as it seems would count before its page is taken for a fixed
// one; its uptime, in whole seconds, changes in that time at the latest.
constexpr double requests_to_expect = 8;
constexpr double longest_second = 1.1;

// How often the server is asked again, without a pause, whether it is one. Two at a time: which of them came
// first is not known, so that it takes a second pair to see a counter fall; and a small server has few
// workers.
constexpr std::size_t usual_witnesses = 4;
constexpr std::size_t witnesses_when_suspected = 12;
constexpr std::size_t witnesses_at_once = 2;
constexpr std::chrono::duration<double> longest_for_witnesses(2);
constexpr double longest_suspicion = 86400;  // seconds

struct Sampled {
  ServerStatus status = {};
  CounterSample counters = {};
  std::uint64_t requests_before = 0;  // redirects, and one that asked for a password: counted in the page
  std::size_t page_bytes = 0;
  std::string http_version = {};
  std::optional<double> age = {};
  std::string cache_hit = {};

  bool from_cache() const { return age.value_or(0) > 0 || !cache_hit.empty(); }
};

void keep(CounterSample& sample, const char* name, const std::optional<std::uint64_t>& value) {
  if (value) sample.counters.emplace(name, *value);
}

CounterSample counters_of(const ServerStatus& status, const http::Answer& answer) {
  CounterSample sample;
  sample.taken = answer.taken;
  sample.slack = answer.slack;
  sample.uptime = status.uptime;
  sample.started = clean(status.restart_time, 100);
  sample.server = clean(status.version, 300);
  sample.generation = status.generation;
  // The server counts a request when it is over: the next sample is the first to see this one.
  sample.own = 1;
  keep(sample, accesses_counter, status.accesses);
  keep(sample, kilobytes_counter, status.kilobytes);
  keep(sample, duration_counter, status.duration_ms);
  return sample;
}

// The same page, in which not even our own request was counted.
bool stands_still(const CounterSample& before, const CounterSample& now) {
  return before.uptime && before.uptime == now.uptime && before.counters == now.counters;
}

// That have certainly passed.
double certain_seconds(const CounterSample& before, const CounterSample& now) {
  return seconds_between(before, now) - slack_between(before, now);
}

// Whether the answers took so long that the time between their pages is hardly known: none may have passed.
bool is_vague(const CounterSample& before, const CounterSample& now) {
  return certain_seconds(before, now) < seconds_between(before, now) / 2;
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
    Sampled now = ask(deadline_);
    if (now.from_cache()) count_own_of_failed_run(state_, key_, now.requests_before + 1);
    const bool counts = now.status.accesses.has_value();
    // Without an uptime no sample is certain to be of the same server as another.
    if (counts && is_alive(now) && now.counters.uptime) {
      compare_with_last_run(now.counters, now.requests_before);
      if (!reading_.growth) {
        now = sample_again(std::move(now));
        if (reading_.growth || reading_.several_servers) remember_several();
      }
    }
    reading_.unsteady = counts && !reading_.growth;
    reading_.status = std::move(now.status);
    reading_.page_bytes = now.page_bytes;
    reading_.http_version = std::move(now.http_version);
    reading_.state_problem = state_.problem();
    return std::move(reading_);
  }

 private:
  Sampled ask(const Deadline& deadline) {
    try {
      return sampled_from(client_.get(deadline, trace_));
    } catch (const Error&) {
      if (const int sent = client_.requests_sent(); sent > 0)
        count_own_of_failed_run(state_, key_, static_cast<std::uint64_t>(sent));
      throw;
    }
  }

  Sampled sampled_from(const http::Answer& answer) const {
    ServerStatus status = read_answer(answer, page_);
    CounterSample counters = counters_of(status, answer);
    Sampled sampled{std::move(status), std::move(counters)};
    sampled.requests_before = static_cast<std::uint64_t>(std::max(answer.requests - 1, 0));
    sampled.page_bytes = answer.bytes;
    sampled.http_version = answer.http_version;
    sampled.age = answer.age;
    sampled.cache_hit = clean(answer.cache_hit, 80);
    return sampled;
  }

  // False: a cache answered, and says so.
  bool is_alive(const Sampled& sampled) {
    if (!sampled.from_cache()) return true;
    reading_.page_age = sampled.age;
    reading_.cache_hit = sampled.cache_hit;
    return false;
  }

  void compare_with_last_run(const CounterSample& now, std::uint64_t requests_before) {
    update_history(state_, key_, [&](SampleHistory& samples) {
      samples.count_own(requests_before);
      // A run of the same moment that asked after us may have been here before us: to us, the counters it
      // left look as if they had fallen.
      const double certain = std::max(settings_.interval, longest_race);
      const CounterSample* const last = base_of(samples, certain, SampleHistory::any_age, now);
      if (last != nullptr) reading_.since_last_run = continuity(*last, now);
      if (reading_.since_last_run != Continuity::unbroken) samples.clear();
      const CounterSample* const base = base_of(samples, settings_.interval, settings_.max_age, now);
      const bool grew = base != nullptr && continuity(*base, now) == Continuity::unbroken &&
                        !stands_still(*base, now) && !is_vague(*base, now);
      if (grew) reading_.growth.emplace(*base, now);
      samples.count_own(now.own);
      // One that no rate comes of is kept when a later one has shown that it is of a living page.
      if (grew) samples.add(now, settings_.interval);
      return true;
    });
  }

  static const CounterSample* base_of(const SampleHistory& samples, double youngest, double oldest,
                                      const CounterSample& now) {
    const CounterSample* const base = samples.base(youngest, oldest, now.taken);
    // Answers that took long may have been made in the other order.
    return base != nullptr && certain_seconds(*base, now) > 0 ? base : nullptr;
  }

  // Samples until two of them have a rate, or it is known why there is none. Returns the newest.
  Sampled sample_again(Sampled before) {
    auto last_asked = before.counters.taken;
    bool stood_still = false;
    double still = 0;  // seconds for which the page did not change although it was asked for
    for (int taken = 1; taken < max_samples;) {
      const double wait = stood_still ? std::max(settings_.interval, longest_still) : settings_.interval;
      if (stood_still && !has_time_for(before, wait)) return of_a_cache(std::move(before), still);
      Sampled now = ask_after(last_asked, wait);
      last_asked = now.counters.taken;
      if (!is_alive(now)) return now;
      before.counters.own += now.requests_before;
      const Continuity between = continuity(before.counters, now.counters);
      stood_still = between == Continuity::unbroken && stands_still(before.counters, now.counters);
      if (stood_still) still = certain_seconds(before.counters, now.counters);
      const bool is_too_vague = between == Continuity::unbroken && is_vague(before.counters, now.counters) &&
                                ++taken < max_samples && has_time_for(now, settings_.interval);
      if (stood_still || is_too_vague) {
        before.counters.own += now.counters.own;
        continue;
      }
      if (between == Continuity::unbroken) return with_rate(std::move(before), std::move(now), still);
      if (!goes_on_after(between, before, now)) return now;
      before = std::move(now);
      still = 0;
      ++taken;
    }
    return before;
  }

  // What is said of two samples that have no rate. False: further ones would not have one either.
  bool goes_on_after(Continuity between, const Sampled& before, const Sampled& now) {
    reading_.within_this_run = between;
    reading_.several_servers = are_of_two_servers(between);
    if (between == Continuity::standing_still)
      reading_.page_age = seconds_between(before.counters, now.counters);
    return !reading_.several_servers && !reading_.page_age;
  }

  // For an answer that takes as long as this one did.
  bool has_time_for(const Sampled& like, double wait) const {
    return deadline_.remaining().count() > wait + 3 * like.counters.slack;
  }

  Sampled ask_after(Deadline::Clock::time_point last, double seconds) {
    reading_.sampled_twice = true;
    trace_.begin("waiting " + format_number(seconds, 3) + " s for the next sample");
    const auto wait =
        std::chrono::duration_cast<Deadline::Clock::duration>(std::chrono::duration<double>(seconds));
    std::this_thread::sleep_until(std::min(last + wait, deadline_.when()));
    Sampled sampled = ask(deadline_);
    count_own_of_failed_run(state_, key_, sampled.requests_before + 1);
    return sampled;
  }

  Sampled of_a_cache(Sampled newest, double age) {
    reading_.page_age = age;
    return newest;
  }

  // Two samples that belong together, unless the page comes from a cache, or other servers answer as well.
  Sampled with_rate(Sampled before, Sampled now, double still) {
    CounterGrowth growth(before.counters, now.counters);
    const double others = growth.of(accesses_counter).value_or(0) - static_cast<double>(growth.own());
    if (is_vague(before.counters, now.counters) && others <= 0) {
      reading_.too_slow = true;
      return now;
    }
    if (still >= longest_still && growth.of(accesses_counter) > 0) return of_a_cache(std::move(now), still);
    before.counters.own += now.counters.own;
    const double rate = growth.per_second(accesses_counter).value_or(0);
    if (!one_server_answers(before.counters, now.counters, rate)) return now;
    if (const double age = age_of_fixed_page(before.counters, now, rate); age > 0)
      return of_a_cache(std::move(now), age);
    reading_.growth = std::move(growth);
    update_history(state_, key_, [&](SampleHistory& samples) {
      samples.add(before.counters, settings_.interval);
      samples.add(now.counters, settings_.interval);
      return true;
    });
    return now;
  }

  // Asks again without a pause, over new connections: of several servers behind one address another one
  // answers, whose counters stand elsewhere. One that is younger is seen when it comes after the older.
  bool one_server_answers(CounterSample& before, CounterSample& now, double rate) {
    const Deadline until = Deadline::after(std::min(deadline_.remaining() / 2, longest_for_witnesses));
    std::vector<CounterSample> earlier{now};
    std::size_t wanted = is_suspected() ? witnesses_when_suspected : usual_witnesses;
    for (std::size_t asked = 0; asked < wanted; asked += witnesses_at_once) {
      const std::vector<Sampled> witnesses = ask_witnesses(until, before, now);
      if (witnesses.size() < witnesses_at_once) all_witnesses_answered_ = false;
      if (witnesses.empty()) return is_taken_for_one();
      for (const Sampled& witness : witnesses) {
        if (!is_alive(witness)) return false;
        reading_.several_servers = is_of_another_server(witness.counters, earlier);
        if (reading_.several_servers) return false;
      }
      for (const Sampled& witness : witnesses) {
        // The younger one first, and then the older: further ones will be of the younger again.
        if (!is_likely(earlier.back(), witness.counters, rate)) wanted = witnesses_when_suspected;
        const bool is_first = earlier.size() == 1;
        witnesses_stand_still_ = stands_still(now, witness.counters) && (is_first || witnesses_stand_still_);
        earlier.push_back(witness.counters);
      }
    }
    return is_taken_for_one();
  }

  // Seconds for which the page has certainly stayed the same. A cache that had it renewed between the two
  // samples shows so: the one before was older than it seemed. Some servers do not count the requests for
  // this page: then others are to be expected, or their clock goes on.
  double age_of_fixed_page(CounterSample& before, Sampled& now, double rate) {
    if (!witnesses_stand_still_ || rate <= 0) return 0;
    const double wait = std::clamp(requests_to_expect / rate, longest_still, longest_second);
    if (!has_time_for(now, wait)) return 0;
    const Sampled later = ask_after(now.counters.taken, wait);
    const std::uint64_t sent = later.requests_before + 1;
    before.own += sent;
    now.counters.own += sent;
    return stands_still(now.counters, later.counters) ? certain_seconds(now.counters, later.counters) : 0;
  }

  // Where nobody has seen several, the two samples have to do. What was seen holds until all that were asked
  // tell otherwise.
  bool is_taken_for_one() {
    reading_.several_before = !all_witnesses_answered_ && remembers_several();
    return !reading_.several_before;
  }

  static bool is_of_another_server(const CounterSample& now, const std::vector<CounterSample>& earlier) {
    return std::any_of(earlier.begin(), earlier.end(), [&](const CounterSample& before) {
      return are_of_two_servers(continuity(before, now));
    });
  }

  // Whether several servers answered in this run or the last that could tell. A balancer that chooses at
  // random may show one alone for a while.
  bool is_suspected() {
    return are_of_two_servers(reading_.since_last_run) || are_of_two_servers(reading_.within_this_run) ||
           remembers_several();
  }

  bool remembers_several() {
    const std::optional<StateStore::Sample> kept = state_.load(several_key());
    return kept && kept->payload == "several" && kept->age < longest_suspicion;
  }

  void remember_several() {
    if (reading_.several_servers)
      state_.save(several_key(), "several");
    else if (all_witnesses_answered_ && remembers_several())
      state_.save(several_key(), "one");
  }

  std::string several_key() const { return key_ + " several servers"; }

  // None where it does not answer as it did: it has, when it was asked for the sample.
  std::vector<Sampled> ask_witnesses(const Deadline& until, CounterSample& before, CounterSample& now) {
    std::vector<Sampled> witnesses;
    if (until.expired()) return witnesses;
    const std::vector<http::Answer> answers = answers_of_witnesses(until);
    const auto sent = static_cast<std::uint64_t>(client_.requests_sent());
    count_own_of_failed_run(state_, key_, sent);
    before.own += sent;
    now.own += sent;
    for (const http::Answer& answer : answers) {
      try {
        witnesses.push_back(sampled_from(answer));
      } catch (const Error&) {
        continue;
      }
    }
    return witnesses;
  }

  std::vector<http::Answer> answers_of_witnesses(const Deadline& until) {
    try {
      return client_.get_anew(witnesses_at_once, until, trace_);
    } catch (const Error&) {
      return {};
    }
  }

  // Whether one server can have served so much in the moment between, as fast as it was before. Two that were
  // asked at once may have been served in the other order.
  static bool is_likely(const CounterSample& one, const CounterSample& other, double rate) {
    const auto accesses = [](const CounterSample& sample) {
      const auto counter = sample.counters.find(accesses_counter);
      return counter == sample.counters.end() ? 0.0 : static_cast<double>(counter->second);
    };
    constexpr double own = witnesses_at_once;
    const double grown = std::abs(accesses(other) - accesses(one));
    const double seconds = std::abs(seconds_between(one, other)) + slack_between(one, other);
    return grown <= own + 2 + 3 * rate * seconds;
  }

  http::HttpClient& client_;
  const std::string& page_;
  StateStore state_;
  const std::string& key_;
  const Settings& settings_;
  const Deadline& deadline_;
  Trace& trace_;
  ServerReading reading_;
  bool witnesses_stand_still_ = false;  // not even the requests for them were counted
  bool all_witnesses_answered_ = true;  // all that were asked whether it is one server
};

}  // namespace

ServerReading sample_server(http::HttpClient& client, const std::string& page, StateStore state,
                            const std::string& key, const Settings& settings, const Deadline& deadline,
                            Trace& trace) {
  return Sampling(client, page, std::move(state), key, settings, deadline, trace).sample();
}

}  // namespace evenkeel::apache
