#include "evenkeel/sample_history.h"

#include <algorithm>
#include <utility>

#include "evenkeel/text.h"

namespace evenkeel {

namespace {

// One sample:
//   taken AGE SLACK UPTIME|- GENERATION|- OWN TAKER|- STARTED…
//   = SERVER…
//   COUNTER VALUE
//   …

constexpr double longest_age = 1e9;

Deadline::Clock::duration ticks(double seconds) {
  return std::chrono::duration_cast<Deadline::Clock::duration>(std::chrono::duration<double>(seconds));
}

double age_of(const CounterSample& sample, SampleHistory::Moment now) {
  return std::chrono::duration<double>(now - sample.taken).count();
}

// What is written as "-" is nothing. False: no number.
template <class Value, class Parse>
bool read_optional(std::string_view word, std::optional<Value>& place, Parse parse) {
  if (word == "-") return true;
  place = parse(word);
  return place.has_value();
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  return parse_number(text, value) ? std::optional<double>(value) : std::nullopt;
}

// The line after "taken ".
bool read_head(std::string_view line, double age, SampleHistory::Moment now, CounterSample& sample) {
  double since_save = 0;
  if (!parse_number(take_until(line, ' '), since_save)) return false;
  const double whole = age + since_save;
  if (!(whole >= 0 && whole <= longest_age)) return false;
  sample.taken = now - ticks(whole);
  if (!parse_number(take_until(line, ' '), sample.slack)) return false;
  if (!(sample.slack >= 0 && sample.slack <= longest_age)) return false;
  if (!read_optional(take_until(line, ' '), sample.uptime, number_of)) return false;
  if (!read_optional(take_until(line, ' '), sample.generation, parse_integer<std::uint64_t>)) return false;
  const auto own = parse_integer<std::uint64_t>(take_until(line, ' '));
  if (!own) return false;
  sample.own = *own;
  const std::string_view taker = take_until(line, ' ');
  if (taker != "-") sample.taker = std::string(taker);
  sample.started = std::string(line);
  return true;
}

bool read_counter(std::string_view line, CounterSample& sample) {
  const std::string_view name = take_until(line, ' ');
  const auto value = parse_integer<std::uint64_t>(line);
  if (name.empty() || !value) return false;
  sample.counters.insert_or_assign(std::string(name), *value);
  return sample.counters.size() <= SampleHistory::max_counters;
}

// A server's words on one line of ours.
std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

}  // namespace

SampleHistory SampleHistory::parse(std::string_view text, double age, Moment now) {
  SampleHistory history;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    bool fine = false;
    if (line.starts_with("taken ")) {
      line.remove_prefix(6);
      fine =
          history.samples_.size() < max_samples && read_head(line, age, now, history.samples_.emplace_back());
    } else if (line.starts_with("= ")) {
      fine = !history.samples_.empty();
      if (fine) history.samples_.back().server = std::string(line.substr(2));
    } else {
      fine = !history.samples_.empty() && read_counter(line, history.samples_.back());
    }
    if (!fine) return {};
  }
  return history;
}

std::string SampleHistory::format(Moment now) const {
  std::string text;
  for (const CounterSample& sample : samples_) {
    text += "taken " + format_number(age_of(sample, now)) + ' ' + format_number(sample.slack) + ' ' +
            (sample.uptime ? format_number(*sample.uptime) : "-") + ' ' +
            (sample.generation ? std::to_string(*sample.generation) : "-") + ' ' +
            std::to_string(sample.own) + ' ' + (sample.taker.empty() ? "-" : sample.taker) + ' ' +
            one_line(sample.started) + '\n';
    if (!sample.server.empty()) text += "= " + one_line(sample.server) + '\n';
    for (const auto& [name, value] : sample.counters) text += name + ' ' + std::to_string(value) + '\n';
  }
  return text;
}

const CounterSample* SampleHistory::base(double youngest, double oldest, Moment now,
                                         std::string_view taker) const {
  const CounterSample* of_any = nullptr;
  for (auto sample = samples_.rbegin(); sample != samples_.rend(); ++sample) {
    const double age = age_of(*sample, now);
    if (age < youngest || age > oldest) continue;
    if (sample->taker == taker) return &*sample;
    if (of_any == nullptr) of_any = &*sample;
  }
  return of_any;
}

double SampleHistory::age_of_last(Moment now, std::string_view taker) const {
  for (auto sample = samples_.rbegin(); sample != samples_.rend(); ++sample)
    if (sample->taker == taker) return age_of(*sample, now);
  return samples_.empty() ? 0 : age_of(samples_.back(), now);
}

void SampleHistory::count_own(std::uint64_t requests) {
  for (CounterSample& sample : samples_) sample.own += requests;
}

void SampleHistory::add(CounterSample sample, double youngest) {
  const auto of_taker = [&](const CounterSample& other) { return other.taker == sample.taker; };
  const auto last = std::find_if(samples_.rbegin(), samples_.rend(), of_taker);
  if (last != samples_.rend()) {
    if (age_of(*last, sample.taken) < youngest) return;
    const auto before = std::find_if(std::next(last), samples_.rend(), of_taker);
    if (before != samples_.rend()) samples_.erase(std::next(before).base());
  }
  while (samples_.size() >= max_samples) samples_.erase(samples_.begin());
  samples_.push_back(std::move(sample));
}

void update_history(StateStore& state, std::string_view key,
                    const std::function<bool(SampleHistory&)>& change) {
  state.update(key, [&](const std::optional<StateStore::Sample>& stored) -> std::optional<std::string> {
    SampleHistory history;
    if (stored) history = SampleHistory::parse(stored->payload, stored->age, Deadline::Clock::now());
    if (!change(history)) return std::nullopt;
    return history.format(Deadline::Clock::now());
  });
}

void count_own_of_failed_run(StateStore& state, std::string_view key, std::uint64_t requests) {
  update_history(state, key, [&](SampleHistory& history) {
    history.count_own(requests);
    return history.newest() != nullptr;
  });
}

}  // namespace evenkeel
