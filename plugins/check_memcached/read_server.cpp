#include "read_server.h"

#include <sys/random.h>

#include <array>
#include <chrono>

#include "evenkeel/sample_history.h"
#include "one_process.h"

namespace evenkeel::cache {

namespace {

// Should the delete not come through, it goes by itself.
constexpr int seconds_to_live = 10;

// Of many runs at once, one or two overtake us; if more of them do, the next run compares.
constexpr int most_tries = 10;

constexpr const char* evicted_prefix = "evicted:";

std::string random_hex() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(Fault::internal, "the system gives no random bytes");
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

struct TestValue {
  std::string key = "evenkeel-check-" + random_hex();
  std::string text = random_hex();
  bool stored = false;
};

// Why what was stored does not come back; empty where it does.
std::string store_and_compare(memcached::MemcachedClient& client, TestValue& value) {
  const char* does_not = "does not store a value: ";
  try {
    client.set(value.key, value.text, seconds_to_live);
    value.stored = true;
    does_not = "does not give back a value: ";
    const std::optional<memcached::Item> fetched = client.get(value.key);
    if (!fetched) return "a value was gone right after it was stored";
    if (fetched->value != value.text)
      return std::string("gives back another value than was stored") +
             (fetched->key_is_ours ? "" : ", under another key");
    return fetched->key_is_ours ? "" : "gives back the value under another key";
  } catch (const memcached::Refusal& refusal) {
    return std::string(does_not) + refusal.what();
  }
}

// Why the cache does not work; empty where it does. The value is deleted also where it did not come back, or
// where a proxy that did not store it everywhere has refused it. What went wrong first is what counts.
std::string store_compare_and_delete(memcached::MemcachedClient& client, TestValue& value) {
  std::string failure = store_and_compare(client, value);
  try {
    const bool found = client.remove(value.key);
    return found || !failure.empty() ? failure : "a value was gone before it was deleted";
  } catch (const Error& error) {
    if (!failure.empty()) return failure;
    if (dynamic_cast<const memcached::Refusal*>(&error) == nullptr) throw;
    return std::string("does not delete a value: ") + error.what();
  }
}

// Than the one that was lost.
void delete_over_another_connection(memcached::MemcachedClient& client, const TestValue& value) {
  try {
    client.remove(value.key);
  } catch (const Error&) {
    // The value expires.
    return;
  }
}

std::string store_and_fetch(memcached::MemcachedClient& client) {
  TestValue value;
  try {
    return store_compare_and_delete(client, value);
  } catch (const Error& error) {
    if (value.stored && error.fault() == Fault::unreachable) delete_over_another_connection(client, value);
    throw;
  }
}

using Moment = Deadline::Clock::time_point;

// When the statistics were asked for, and when they had come.
struct Asked {
  Moment before, after;
};

// A server that does not answer in time, or floods us, is no proxy that has no statistics.
bool outweighs_a_good_round_trip(const Error& error) {
  return error.fault() == Fault::timeout || dynamic_cast<const memcached::Flood*>(&error) != nullptr;
}

memcached::Stats read_settings(memcached::MemcachedClient& client) {
  return client.stats("settings", [](std::string_view) { return true; });
}

// What explains a verdict and does not make it; old versions, proxies and hosted caches do not tell all. Some
// close the connection over it.
void read_details(memcached::MemcachedClient& client, const Settings& settings, ServerReading& reading) {
  const bool evicts = reading.statistics.counter("evictions") > 0;
  try {
    if (evicts || settings.server_settings) reading.settings = read_settings(client);
  } catch (const Error& error) {
    if (outweighs_a_good_round_trip(error)) throw;
  }
  if (!evicts) return;
  try {
    const memcached::Stats items = client.stats("items", is_of_a_class);
    reading.classes = read_slab_classes(items, client.stats("slabs", is_of_a_class), reading.settings);
  } catch (const Error& error) {
    if (outweighs_a_good_round_trip(error)) throw;
  }
}

// One that does not work may not tell anything either: why it does not is what counts then.
void accept_missing_statistics(const Error& error, const Settings& settings, ServerReading& reading) {
  if (!reading.round_trip.failure.empty()) throw Error(Fault::unreachable, reading.round_trip.failure);
  if (!settings.round_trip) throw;
  if (outweighs_a_good_round_trip(error))
    throw Error(error.fault(),
                std::string(error.what()) + "; a value was stored and fetched: --no-statistics asks no more");
  reading.statistics_problem = error.what();
}

// Nothing where they are missing.
std::optional<Asked> ask_statistics(memcached::MemcachedClient& client, const Settings& settings,
                                    ServerReading& reading) {
  try {
    Asked asked{Deadline::Clock::now(), {}};
    reading.statistics = read_statistics(client.stats("", is_statistic_of_ours));
    asked.after = Deadline::Clock::now();
    if (!reading.statistics.tells_of_itself())
      throw Error(Fault::protocol, "its statistics hold neither a version nor an uptime");
    read_details(client, settings, reading);
    return asked;
  } catch (const Error& error) {
    accept_missing_statistics(error, settings, reading);
    return std::nullopt;
  }
}

CounterSample sample_of(const ServerReading& reading, const Asked& asked, const Settings& settings) {
  CounterSample sample;
  sample.taker = settings.service;
  sample.taken = asked.after;
  // The server may have read its clock as soon as it was asked.
  sample.slack = std::chrono::duration<double>(asked.after - asked.before).count();
  sample.uptime = reading.statistics.uptime;
  sample.started = process_text(reading.statistics);
  sample.counters = reading.statistics.counters;
  for (const auto& [number, slab_class] : reading.classes)
    if (slab_class.evicted) sample.counters.emplace(evicted_counter(number), *slab_class.evicted);
  return sample;
}

// A class that is empty now is not told of; once it holds something again, it goes on from there.
void keep_empty_classes(const CounterSample& last, CounterSample& now) {
  for (const auto& [name, value] : last.counters)
    if (name.starts_with(evicted_prefix)) now.counters.emplace(name, value);
}

// What has grown since the last run, by the samples of one life of the server. Without a sample of this
// service the newest of any will do.
void measure_growth(const SampleHistory& history, const CounterSample& now, const Settings& settings,
                    ServerReading& reading) {
  if (!now.uptime) return;
  const CounterSample* last = history.base(settings.min_age, settings.max_age, now.taken, settings.service);
  if (last != nullptr)
    reading.growth.emplace(*last, now);
  else if (const double age = history.age_of_last(now.taken, settings.service); age > settings.max_age)
    reading.last_run_too_old = age;
}

// Compares with the last run's sample, and leaves this one for the next run. False where another run had its
// answer after we had asked, and was here before us: to us, the counters it left may look as if they had
// fallen.
bool compare_with_last_run(const Asked& asked, StateStore& state, const std::string& key,
                           const Settings& settings, ServerReading& reading) {
  CounterSample now = sample_of(reading, asked, settings);
  bool overtaken = false;
  update_history(state, key, [&](SampleHistory& history) {
    const CounterSample* newest = history.newest();
    overtaken = newest != nullptr && newest->taken >= asked.before;
    if (overtaken) return false;
    // This run's round trip came before its statistics: they hold it already.
    history.count_own(settings.round_trip ? 1 : 0);
    if (newest != nullptr) reading.since_last_run = one_process(*newest, now);
    if (reading.since_last_run != Continuity::unbroken)
      history.clear();
    else if (newest != nullptr)
      keep_empty_classes(*newest, now);
    measure_growth(history, now, settings, reading);
    history.add(now, settings.min_age);
    return true;
  });
  reading.state_problem = state.problem();
  reading.keeps_state = overtaken || state.keeps();
  return !overtaken;
}

}  // namespace

std::string evicted_counter(unsigned slab_class) { return evicted_prefix + std::to_string(slab_class); }

ServerReading read_server(memcached::MemcachedClient& client, StateStore state, const std::string& key,
                          const Settings& settings) {
  ServerReading reading;
  const auto began = Deadline::Clock::now();
  const auto until = [&](Moment end) { return std::chrono::duration<double>(end - began).count(); };
  try {
    if (settings.round_trip) {
      reading.round_trip.failure = store_and_fetch(client);
      reading.round_trip.seconds = until(Deadline::Clock::now());
    }
    for (int tries = 0; settings.statistics && tries < most_tries; ++tries) {
      const std::optional<Asked> asked = ask_statistics(client, settings, reading);
      if (!asked) break;
      if (!settings.round_trip && tries == 0) reading.round_trip.seconds = until(asked->after);
      if (compare_with_last_run(*asked, state, key, settings, reading)) return reading;
    }
  } catch (const Error&) {
    if (settings.round_trip && client.has_asked()) count_own_of_failed_run(state, key, 1);
    throw;
  }
  // The server has counted the round trip; the run leaves no sample that says so.
  if (settings.round_trip) count_own_of_failed_run(state, key, 1);
  return reading;
}

}  // namespace evenkeel::cache
