#include "read_server.h"

#include <sys/random.h>

#include <array>
#include <chrono>

#include "evenkeel/sample_history.h"

namespace evenkeel::cache {

namespace {

// Should the delete not come through, it goes by itself.
constexpr int seconds_to_live = 10;

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

// Why the cache does not work; empty where it does.
std::string store_and_fetch(memcached::MemcachedClient& client) {
  const std::string key = "evenkeel-check-" + random_hex();
  const std::string value = random_hex();
  try {
    client.set(key, value, seconds_to_live);
  } catch (const memcached::Refusal& refusal) {
    return std::string("does not store a value: ") + refusal.what();
  }
  const std::optional<std::string> fetched = client.get(key);
  if (!fetched) return "a value was gone right after it was stored";
  if (*fetched != value) return "gives back another value than was stored";
  if (!client.remove(key)) return "a value was gone before it was deleted";
  return {};
}

CounterSample sample_of(const ServerReading& reading, const Settings& settings) {
  CounterSample sample;
  sample.taker = settings.service;
  sample.taken = Deadline::Clock::now();
  sample.uptime = reading.statistics.uptime;
  sample.counters = reading.statistics.counters;
  for (const auto& [number, slab_class] : reading.classes)
    sample.counters.emplace(evicted_counter(number), slab_class.evicted);
  return sample;
}

// Compares with the last run's sample, and leaves this one for the next run.
void compare_with_last_run(ServerReading& reading, StateStore& state, const std::string& key,
                           const Settings& settings) {
  const CounterSample now = sample_of(reading, settings);
  state.update(key, [&](const std::optional<StateStore::Sample>& stored) {
    SampleHistory history =
        stored ? SampleHistory::parse(stored->payload, stored->age, Deadline::Clock::now()) : SampleHistory();
    // This run's round trip came before its statistics: they hold it already.
    history.count_own(settings.round_trip ? 1 : 0);
    if (const CounterSample* newest = history.newest()) reading.since_last_run = continuity(*newest, now);
    if (reading.since_last_run != Continuity::unbroken) history.clear();
    if (const CounterSample* last = history.base(0, settings.max_age, now.taken)) {
      reading.growth.emplace(*last, now);
      reading.growth_of_service.emplace(*history.last_of(settings.service, settings.max_age, now.taken), now);
    } else if (history.newest() != nullptr) {
      reading.last_run_too_old = history.age_of_newest(now.taken);
    }
    history.replace_last_of_taker(now);
    return std::optional(history.format(Deadline::Clock::now()));
  });
  reading.state_problem = state.problem();
  reading.keeps_state = state.enabled() && reading.state_problem.empty();
}

}  // namespace

std::string evicted_counter(unsigned slab_class) { return "evicted:" + std::to_string(slab_class); }

ServerReading read_server(memcached::MemcachedClient& client, StateStore state, const std::string& key,
                          const Settings& settings) {
  ServerReading reading;
  const auto began = Deadline::Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Deadline::Clock::now() - began).count(); };
  if (settings.round_trip) {
    reading.round_trip.failure = store_and_fetch(client);
    reading.round_trip.seconds = elapsed();
  }
  reading.statistics = read_statistics(client.stats(""));
  if (!settings.round_trip) reading.round_trip.seconds = elapsed();
  if (reading.statistics.counter("evictions") > 0)
    reading.classes = read_slab_classes(client.stats("items"), client.stats("slabs"));
  if (settings.server_settings) reading.settings = client.stats("settings");
  compare_with_last_run(reading, state, key, settings);
  return reading;
}

}  // namespace evenkeel::cache
