#include "judge.h"

#include <algorithm>

#include "evenkeel/text.h"

namespace evenkeel::apache {

namespace {

double without(double grown, double own) { return std::max(0.0, grown - own); }

std::optional<double> bytes_per_second(const ServerReading& reading) {
  if (!reading.growth || reading.growth->seconds() <= 0) return std::nullopt;
  const std::optional<double> kilobytes = reading.growth->of(kilobytes_counter);
  if (!kilobytes) return std::nullopt;
  // Whole kilobytes: what is left of our own pages must not look like traffic.
  if (requests_per_second(reading) == 0) return 0;
  const double own = static_cast<double>(reading.growth->own()) * static_cast<double>(reading.page_bytes);
  return without(*kilobytes * 1024, own) / reading.growth->seconds();
}

// The mean over what was served between the samples; nothing where that was this check's requests alone.
std::optional<double> request_duration(const ServerReading& reading) {
  if (!reading.growth) return std::nullopt;
  const std::optional<double> milliseconds = reading.growth->of(duration_counter);
  const std::optional<double> accesses = reading.growth->of(accesses_counter);
  if (!milliseconds || !accesses || *accesses <= static_cast<double>(reading.growth->own()))
    return std::nullopt;
  return *milliseconds / *accesses / 1000;
}

std::string rate_text(double rate) { return format_number(rate, rate < 10 ? 2 : 1) + " requests/s"; }

std::string growth_text(const ServerReading& reading) {
  const bool server = reading.growth->clock() == RateClock::server;
  return format_number(reading.growth->seconds(), server ? 0 : 3) + " s by the " +
         (server ? "server's clock" : "local clock") +
         (reading.sampled_twice ? ", sampled twice" : ", since an earlier run");
}

std::string why_no_rate(const ServerReading& reading) {
  if (reading.several_servers) return "several servers answer at this address";
  if (reading.several_before)
    return "several servers answered at this address before, and this run could not see whether they still "
           "do";
  if (reading.page_age)
    return "the page is " + format_number(*reading.page_age, *reading.page_age < 10 ? 1 : 0) +
           " s old: a cache answers";
  if (!reading.cache_hit.empty()) return "a cache answers (" + reading.cache_hit + ")";
  if (!reading.status.uptime || reading.within_this_run == Continuity::uncertain)
    return "the page tells no uptime, so that its counters may be several servers' or a cache's";
  if (reading.too_slow) return "its status page takes longer than the time between two samples (--interval)";
  if (reading.within_this_run == Continuity::restarted)
    return "restarted again and again while it was sampled";
  return "its uptime did not grow with the time: a cache answers, or clocks were set";
}

constexpr const char* no_scoreboard = "its scoreboard is larger than we will read";

std::string busy_text(const Scoreboard& board) {
  if (board.slots() == 0) return no_scoreboard;
  return std::to_string(board.busy) + " of " + std::to_string(board.slots()) + " workers busy";
}

class Judge {
 public:
  Judge(const Limits& limits, Status timeout_state) : limits_(limits), timeout_state_(timeout_state) {}

  Report judge(const std::vector<Target>& targets) {
    several_ = targets.size() > 1;
    report_.set_target_count(targets.size());
    if (several_) add_total(targets);
    for (const Target& target : targets) judge_target(target);
    if (several_) report_.summarise_ok(summary(targets));
    return std::move(report_);
  }

 private:
  void judge_target(const Target& target) {
    const ServerReading* const answered = report_.reading_of(target.name, target.outcome, timeout_state_);
    if (answered == nullptr) return;
    const ServerReading& reading = *answered;
    const std::size_t before = report_.findings().size();
    if (!reading.status.accesses)
      report_.add(Status::unknown, target.name,
                  "the server counts no requests, so there is no rate: ExtendedStatus is Off; " +
                      busy_text(reading.status.scoreboard));
    else if (reading.unsteady)
      report_.add(Status::unknown, target.name, why_no_rate(reading) + ": no rate");
    const std::size_t metrics_before = report_.metrics().size();
    add_metrics(target.name, reading);
    explain_missing(metrics_before, reading);
    add_remarks(target.name, reading);
    add_facts(target.name, reading);
    if (report_.findings().size() == before) report_.add(Status::ok, target.name, fine_text(reading));
  }

  void add_metrics(const std::string& name, const ServerReading& reading) {
    const Scoreboard& board = reading.status.scoreboard;
    const double slots = static_cast<double>(board.slots());
    const double busy = static_cast<double>(board.busy);
    const auto workers = [&](double count) { return slots > 0 ? std::optional(count) : std::nullopt; };
    const std::optional<double> rps = requests_per_second(reading);
    measure({"rps", name, "", rps, "", 0}, rps ? rate_text(*rps) : "");
    measure({"bytes_per_second", name, "", bytes_per_second(reading), "", 0});
    measure({"request_duration", name, "", request_duration(reading), "s", 0});
    measure({"busy_workers", name, "", workers(busy), "", 0, slots}, busy_text(board));
    measure({"idle_workers", name, "", workers(static_cast<double>(board.idle)), "", 0, slots});
    measure({"open_slots", name, "", workers(static_cast<double>(board.open)), "", 0, slots});
    const std::optional<double> busy_percent = workers(100 * busy / std::max(slots, 1.0));
    measure({"busy_percent", name, "", busy_percent, "%", 0, 100},
            busy_percent ? busy_text(board) + ", " + format_number(*busy_percent, 2) + " %" : "");
    measure({"uptime", name, "", reading.status.uptime, "s", 0});
  }

  // A threshold that is never judged is a silent miss. Without a rate there is a finding already, and nothing
  // served took no time.
  void explain_missing(std::size_t begin, const ServerReading& reading) {
    for (const Metric& metric : report_.unjudged(begin)) {
      if (metric.max) {  // of the scoreboard; a default is no question of the user's
        if (limits_.given(metric.name))
          report_.add(Status::unknown, metric.target, "no value for " + metric.name + ": " + no_scoreboard);
        continue;
      }
      const bool told = metric.name == "request_duration"
                            ? reading.status.duration_ms.has_value()
                            : metric.name != "uptime" && metric.name != "bytes_per_second";
      if (!told && (reading.growth || metric.name == "uptime"))
        report_.add(Status::unknown, metric.target,
                    "no value for " + metric.name + ": this server does not tell");
    }
  }

  void measure(Metric metric, std::string what = {}) {
    report_.measure(std::move(metric), limits_, std::move(what));
  }

  void add_remarks(const std::string& name, const ServerReading& reading) {
    if (reading.since_last_run == Continuity::restarted)
      report_.remark_of(
          name, "restarted " + (reading.status.uptime ? format_seconds(*reading.status.uptime) + " ago"
                                                      : "since the last run"));
    if (!reading.growth) return add_state_problem(reading);
    if (are_of_two_servers(reading.since_last_run))
      report_.remark_of(name, "another server answers than in the last run, so it was sampled anew");
    if (reading.since_last_run == Continuity::out_of_step)
      report_.remark_of(name,
                        "its uptime did not grow with the time since the last run, so it was sampled anew");
    if (reading.within_this_run == Continuity::restarted)
      report_.remark_of(name, "restarted while it was sampled, so it was sampled anew");
    add_state_problem(reading);
  }

  void add_state_problem(const ServerReading& reading) {
    if (!reading.state_problem.empty()) report_.remark(reading.state_problem);
  }

  void add_facts(const std::string& name, const ServerReading& reading) {
    const auto fact = [&](const std::string& key, const std::string& value) {
      report_.fact_of(name, key, value);
    };
    fact("server_version", reading.status.version);
    fact("mpm", reading.status.mpm);
    fact("restart_time", reading.status.restart_time);
    fact("http_version", reading.http_version);
    if (reading.growth) fact("rate_over", growth_text(reading));
  }

  static std::string fine_text(const ServerReading& reading) {
    const std::string busy = busy_text(reading.status.scoreboard);
    const std::optional<double> rps = requests_per_second(reading);
    return rps ? rate_text(*rps) + ", " + busy : busy;
  }

  // Of all targets or none: a part of them would look like traffic that went away.
  static std::optional<double> total_rate(const std::vector<Target>& targets) {
    double total = 0;
    for (const Target& target : targets) {
      const auto& reading = target.outcome.reading;
      const std::optional<double> rps = reading ? requests_per_second(*reading) : std::nullopt;
      if (!rps) return std::nullopt;
      total += *rps;
    }
    return total;
  }

  void add_total(const std::vector<Target>& targets) {
    const std::optional<double> total = total_rate(targets);
    measure({"rps_total", "", "", total, "", 0}, total ? "all servers together: " + rate_text(*total) : "");
  }

  static std::string summary(const std::vector<Target>& targets) {
    const std::optional<double> total = total_rate(targets);
    return std::to_string(targets.size()) + " servers" + (total ? " serve " + rate_text(*total) : " answer");
  }

  const Limits& limits_;
  Status timeout_state_;
  Report report_;
  bool several_ = false;
};

}  // namespace

std::optional<double> requests_per_second(const ServerReading& reading) {
  if (!reading.growth || reading.growth->seconds() <= 0) return std::nullopt;
  const std::optional<double> grown = reading.growth->of(accesses_counter);
  if (!grown) return std::nullopt;
  return without(*grown, static_cast<double>(reading.growth->own())) / reading.growth->seconds();
}

Report judge(const std::vector<Target>& targets, const Limits& limits, Status timeout_state) {
  return Judge(limits, timeout_state).judge(targets);
}

}  // namespace evenkeel::apache
