#include "judge.h"

#include <algorithm>
#include <set>

#include "evenkeel/text.h"
#include "evictions.h"
#include "missing_values.h"
#include "rejections.h"
#include "same_settings.h"

namespace evenkeel::cache {

namespace {

std::optional<double> real(const std::optional<std::uint64_t>& value) {
  if (!value) return std::nullopt;
  return static_cast<double>(*value);
}

std::optional<double> percent(const std::optional<std::uint64_t>& part,
                              const std::optional<std::uint64_t>& whole) {
  if (!part || !whole || *whole == 0) return std::nullopt;
  return 100 * static_cast<double>(*part) / static_cast<double>(*whole);
}

// `own` of the counter's growth came from this check.
std::optional<double> rate(const ServerReading& reading, const char* counter, double own = 0) {
  if (!reading.growth || reading.growth->seconds() <= 0) return std::nullopt;
  const std::optional<double> grown = reading.growth->of(counter);
  if (!grown) return std::nullopt;
  return std::max(0.0, *grown - own) / reading.growth->seconds();
}

std::string milliseconds(double seconds) { return format_number(seconds * 1000, 2) + " ms"; }

constexpr const char* several_servers = "several servers answer at this address";

// Null where the next run will have a rate.
const char* why_no_rate(Continuity since_last_run) {
  switch (since_last_run) {
    case Continuity::unbroken:
    case Continuity::restarted:
    case Continuity::reset:
      return nullptr;
    case Continuity::another_server:
      return several_servers;
    case Continuity::standing_still:
      return "its uptime has not grown since the last run";
    case Continuity::uncertain:
      return "it tells no uptime";
    case Continuity::out_of_step:
      return "its uptime has not grown by the time since the last run";
  }
  return nullptr;
}

// What happened since the last run; empty where nothing did.
std::string continuity_text(const ServerReading& reading) {
  if (reading.since_last_run == Continuity::restarted)
    return "restarted " + format_seconds(reading.statistics.uptime.value_or(0)) + " ago";
  if (reading.since_last_run == Continuity::reset) return "its counters were reset since the last run";
  const char* const reason = why_no_rate(reading.since_last_run);
  return reason == nullptr ? "" : std::string(reason) + ": no rates";
}

// Seconds: as the example of a threshold for uptime has it.
constexpr double short_uptime = 600;
constexpr std::size_t most_young = 3;

bool is_difference(const std::string& label) {
  return label == "hit_ratio" || label.ends_with("_per_second");
}

// Near 100 % memcached may be a little above: each size of items gets a first page whatever the limit.
Metric share(const char* label, const std::string& target, const std::optional<double>& percent) {
  const std::optional<double> most = percent && *percent > 100 ? std::nullopt : std::optional<double>(100);
  return {label, target, "", percent, "%", 0, most};
}

// Whether it has so many connections that no other fits; libevent's and the listening ones are counted, too.
bool is_full(const ServerStatistics& now) {
  if (!now.connections || !now.max_connections || *now.max_connections == 0) return false;
  return *now.connections + now.reserved_descriptors.value_or(0) + 1 >= *now.max_connections;
}

class Judge {
 public:
  Judge(const Settings& settings, const Limits& limits, Status timeout_state)
      : settings_(settings), limits_(limits), timeout_state_(timeout_state) {}

  Report judge(const std::vector<Target>& targets) {
    several_ = targets.size() > 1;
    report_.set_target_count(targets.size());
    for (const Target& target : targets) judge_target(target);
    if (settings_.same_settings) judge_settings(targets);
    if (young_ > most_young)
      report_.remark(std::to_string(young_ - most_young) + " more are up for less than " +
                     format_seconds(short_uptime));
    if (several_) report_.summarise_ok(summary(targets));
    return std::move(report_);
  }

 private:
  void judge_target(const Target& target) {
    const ServerReading* const answered = report_.reading_of(target.name, target.outcome, timeout_state_);
    if (answered == nullptr) return;
    const ServerReading& reading = *answered;
    const std::size_t before = report_.findings().size();
    if (!reading.round_trip.failure.empty())
      report_.add(Status::critical, target.name, reading.round_trip.failure);
    judge_connections(target.name, reading);
    const std::size_t metrics_before = report_.metrics().size();
    add_metrics(target.name, reading);
    const std::set<std::string> explained = explain_missing(metrics_before, reading);
    add_remarks(target.name, reading, explained);
    add_facts(target.name, reading);
    if (report_.findings().size() == before) report_.add(Status::ok, target.name, fine_text(reading));
  }

  void judge_settings(const std::vector<Target>& targets) {
    for (Difference& difference : differences(targets))
      report_.add(Status::warning, std::move(difference.target), std::move(difference.text));
    for (const std::string& silent : without_settings(targets))
      report_.add(Status::unknown, silent,
                  "--same-settings needs its version and memory limit, which it does not tell");
  }

  // Clients that were turned away saw a cache that is down.
  void judge_connections(const std::string& name, const ServerReading& reading) {
    const std::string limit = reading.statistics.max_connections
                                  ? " of " + std::to_string(*reading.statistics.max_connections)
                                  : "";
    if (reading.statistics.accepting == std::uint64_t{0})
      report_.add(Status::warning, name,
                  is_full(reading.statistics) ? "accepts no connections: the limit" + limit + " is reached"
                                              : "accepts no connections for now");
    if (!reading.growth) return;
    const double turned_away =
        reading.growth->of("listen_disabled_num").value_or(0) + rejected_at_the_limit(reading);
    if (turned_away > 0)
      report_.add(Status::warning, name,
                  "reached its limit" + limit + " connections " + format_number(turned_away) +
                      (turned_away > 1 ? " times" : " time") + " since the last run");
  }

  void add_metrics(const std::string& name, const ServerReading& reading) {
    const ServerStatistics& now = reading.statistics;
    const double own = reading.growth ? static_cast<double>(reading.growth->own()) : 0;
    const std::string evicting = evictions_text(reading);
    const std::optional<double> ratio = hit_ratio(reading, settings_.min_gets);
    measure({"response_time", name, "", reading.round_trip.seconds, "s", 0},
            "answered in " + milliseconds(reading.round_trip.seconds));
    measure({"hit_ratio", name, "", ratio, "%", 0, 100}, ratio ? ratio_text(*ratio) : "");
    measure({"evictions_per_second", name, "", rate(reading, "evictions"), "", 0}, evicting);
    measure(share("memory_used", name, percent(now.bytes, now.max_bytes)));
    measure(share("connections_used", name, percent(now.connections, now.max_connections)));
    add_refusals(name, reading);
    measure({"gets_per_second", name, "", rate(reading, "cmd_get", own), "", 0});
    measure({"sets_per_second", name, "", rate(reading, "cmd_set", own), "", 0});
    measure({"items", name, "", real(now.items), "", 0});
    measure({"uptime", name, "", now.uptime, "s", 0});
    measure({"expired_unfetched_per_second", name, "", rate(reading, "expired_unfetched"), "", 0});
    measure({"evicted_unfetched_per_second", name, "", rate(reading, "evicted_unfetched"), "", 0});
    measure({"threads", name, "", real(now.threads), "", 0});
    measure({"listen_disabled_num", name, "", real(now.listen_disabled), "c", 0});
    measure({"accepting_conns", name, "", real(now.accepting), "", 0, 1});
  }

  // A small value of ours may fit where those of others do not: each slab class runs out of memory by itself.
  void add_refusals(const std::string& name, const ServerReading& reading) {
    Metric metric{"refused_per_second", name, "", rate(reading, "store_no_memory"), "", 0};
    if (!reading.round_trip.failure.empty()) {
      report_.record(std::move(metric), limits_);
      return;
    }
    const double refused = reading.growth ? reading.growth->of("store_no_memory").value_or(0) : 0;
    measure(std::move(metric), "refused " + format_number(refused) + (refused > 1 ? " values" : " value") +
                                   " for want of memory since the last run");
  }

  // A threshold that no run judges is a silent miss; the first run's are judged by the next. A default is no
  // question of the user's, and many servers have no answer to it. Returns the reasons that were given.
  std::set<std::string> explain_missing(std::size_t begin, const ServerReading& reading) {
    std::set<std::string> reasons;
    for (const Metric& metric : report_.unjudged(begin)) {
      if (!limits_.given(metric.name)) continue;
      const std::string reason = why_missing(metric.name, reading);
      if (reason.empty()) continue;
      report_.add(Status::unknown, metric.target, "no value for " + metric.name + ": " + reason);
      reasons.insert(reason);
    }
    return reasons;
  }

  // Empty where the next run will tell.
  std::string why_missing(const std::string& label, const ServerReading& reading) const {
    if (!settings_.statistics) return "--no-statistics leaves it out";
    if (!reading.statistics_problem.empty()) return reading.statistics_problem;
    // Where it tells all, there were too few gets, or it has told it since the last run only.
    if (!is_difference(label) || reading.growth) return why_not_told(label, reading.statistics);
    if (const char* reason = why_no_rate(reading.since_last_run)) return reason;
    if (!reading.statistics.uptime) return "this server tells no uptime, so that its counters tell no rate";
    if (!reading.keeps_state) return "the counters of the last run are not kept";
    if (reading.last_run_too_old)
      return "the last run was " + format_seconds(*reading.last_run_too_old) + " ago, longer than --max-age";
    return why_not_told(label, reading.statistics);
  }

  void measure(Metric metric, std::string what = {}) {
    report_.measure(std::move(metric), limits_, std::move(what));
  }

  // What explains why a label has no value is not said again.
  void add_remarks(const std::string& name, const ServerReading& reading,
                   const std::set<std::string>& explained) {
    const char* const no_rate = why_no_rate(reading.since_last_run);
    if (const std::string words = continuity_text(reading);
        !words.empty() && (no_rate == nullptr || !explained.contains(no_rate)))
      report_.remark_of(name, words);
    if (!reading.statistics_problem.empty() && !explained.contains(reading.statistics_problem))
      report_.remark_of(name, "no statistics: " + reading.statistics_problem);
    if (reading.statistics.uptime && *reading.statistics.uptime < short_uptime) add_young(name, reading);
    if (!reading.state_problem.empty()) report_.remark(reading.state_problem);
  }

  // One line has no room for all of many.
  void add_young(const std::string& name, const ServerReading& reading) {
    if (++young_ <= most_young) report_.remark_of(name, "up " + format_seconds(*reading.statistics.uptime));
  }

  void add_facts(const std::string& name, const ServerReading& reading) {
    const auto fact = [&](const std::string& key, const std::string& value) {
      report_.fact_of(name, key, value);
    };
    fact("version", reading.statistics.version);
    for (const char* key : {"maxbytes", "maxconns", "evictions", "item_size_max", "num_threads",
                            "binding_protocol", "auth_enabled_sasl", "ssl_enabled"})
      if (const auto it = reading.settings.find(key); it != reading.settings.end()) fact(key, it->second);
    if (reading.growth)
      fact("rates_over", format_number(reading.growth->seconds(), 3) + " s, since the last run");
  }

  std::string ratio_text(double ratio) const { return "hit ratio " + format_number(ratio, 1) + " %"; }

  std::string fine_text(const ServerReading& reading) const {
    std::string text = (settings_.round_trip ? "stored and fetched in " : "answered in ") +
                       milliseconds(reading.round_trip.seconds);
    if (const std::optional<double> ratio = hit_ratio(reading, settings_.min_gets))
      text += ", " + ratio_text(*ratio);
    if (const std::string evicting = evictions_text(reading); !evicting.empty()) text += ", " + evicting;
    return text;
  }

  static std::string summary(const std::vector<Target>& targets) {
    std::string text = std::to_string(targets.size()) + " caches work";
    double slowest = 0;
    for (const Target& target : targets)
      if (target.outcome.reading) slowest = std::max(slowest, target.outcome.reading->round_trip.seconds);
    text += ", the slowest answered in " + milliseconds(slowest);
    for (const Target& target : targets) {
      const std::string evicting = target.outcome.reading ? evictions_text(*target.outcome.reading) : "";
      if (evicting.empty()) continue;
      text.append("; ").append(target.name).append(": ").append(evicting);
      break;
    }
    return text;
  }

  const Settings& settings_;
  const Limits& limits_;
  Status timeout_state_;
  Report report_;
  bool several_ = false;
  std::size_t young_ = 0;
};

}  // namespace

std::optional<double> hit_ratio(const ServerReading& reading, double min_gets) {
  if (!reading.growth) return std::nullopt;
  const std::optional<double> hits = reading.growth->of("get_hits");
  const std::optional<double> misses = reading.growth->of("get_misses");
  if (!hits || !misses) return std::nullopt;
  // Every round trip is one hit.
  const double real_hits = std::max(0.0, *hits - static_cast<double>(reading.growth->own()));
  const double gets = real_hits + *misses;
  if (gets <= 0 || gets < min_gets) return std::nullopt;
  return 100 * real_hits / gets;
}

Report judge(const std::vector<Target>& targets, const Settings& settings, const Limits& limits,
             Status timeout_state) {
  return Judge(settings, limits, timeout_state).judge(targets);
}

}  // namespace evenkeel::cache
