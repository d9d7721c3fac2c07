// What a run found: findings, metrics with the thresholds that judged them, and facts.
// It is plain data; render.h turns it into text or JSON.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "evenkeel/error.h"
#include "evenkeel/metric.h"
#include "evenkeel/outcome.h"
#include "evenkeel/status.h"
#include "evenkeel/thresholds.h"
#include "evenkeel/trace.h"

namespace evenkeel {

struct Finding {
  Status status;
  std::string target;  // empty where the finding is about the whole run
  std::string text;
};

struct JudgedMetric {
  Metric metric;
  Thresholds thresholds;
};

struct TraceLine {
  std::string target;
  std::string text;
};

class Report {
 public:
  void add(Status status, std::string target, std::string text);

  // Keeps the metric; where its value breaches a threshold, adds a finding such as
  // "channel east: lag 700 s (critical above 600)". Returns the verdict.
  // `what` replaces the words before the bracket. A metric without a value is kept, and never judged:
  // whether that is fine is for the caller to say.
  Status measure(Metric metric, const Limits& limits, std::string what = {});
  // For a metric whose breach is explained by the caller's own finding.
  void record(Metric metric, const Limits& limits);

  void fact(std::string name, std::string value);
  // What a target, or a part of it, says of itself, cleaned: "name", "name@target" where there are several,
  // "name@target/part". No value, no fact.
  void fact_of(const std::string& target, const std::string& name, const std::string& value,
               const std::string& part = {});

  // Worth a reader's eye in any state, and no verdict: "could not keep state in …". Ends line 1. Told once,
  // whoever else says the same.
  void remark(std::string text);
  // "target: text" where there are several.
  void remark_of(const std::string& target, const std::string& text);

  // A threshold for an instance that no metric of the run has ("lag@db9") would be a silent miss:
  // UNKNOWN, unless the target it names has failed and so has no metrics.
  void complain_of_unmatched(const Limits& limits);

  // Replaces each finding's text by what `words` makes of it.
  void reword(const std::function<std::string(const std::string&)>& words);

  // What line 1 says when nothing is wrong. Without it, line 1 joins the OK findings.
  void summarise_ok(std::string text) { ok_summary_ = std::move(text); }
  const std::string& ok_summary() const { return ok_summary_; }

  // How many targets the run was asked about, whether they answered or not.
  void set_target_count(std::size_t count) { target_count_ = count; }
  std::size_t target_count() const { return target_count_; }

  void trace(std::string target, std::string text);
  void trace_steps(const std::string& target, const std::vector<Trace::Step>& steps);

  // The reading of one target, or nullptr; then its error has become a finding. Its steps become the trace.
  template <class Reading>
  const Reading* reading_of(const std::string& target, const Outcome<Reading>& outcome,
                            Status timeout_state) {
    trace_steps(target, outcome.steps);
    if (outcome.error)
      add(status_of(outcome.error->fault(), timeout_state), target, outcome.error->what());
    else if (!outcome.reading)
      add(Status::unknown, target, "no answer and no error");
    return outcome.reading ? &*outcome.reading : nullptr;
  }

  // The worst finding; UNKNOWN where there is none.
  Status status() const;
  // Worst first; those of one state in the order they were added.
  std::vector<Finding> sorted_findings() const;

  const std::vector<Finding>& findings() const { return findings_; }
  const std::vector<JudgedMetric>& metrics() const { return metrics_; }
  // Of those from the `begin`-th on, what has thresholds and no value. Nobody judges it: a silent miss,
  // unless the check tells why.
  std::vector<Metric> unjudged(std::size_t begin) const;
  const std::map<std::string, std::string>& facts() const { return facts_; }
  const std::vector<std::string>& remarks() const { return remarks_; }
  const std::vector<TraceLine>& trace_lines() const { return trace_; }

 private:
  bool has_metrics_of(const std::string& target) const;
  bool has_failed(const std::string& instance) const;

  std::vector<Finding> findings_;
  std::vector<JudgedMetric> metrics_;
  std::map<std::string, std::string> facts_;
  std::vector<std::string> remarks_;
  std::vector<TraceLine> trace_;
  std::string ok_summary_;
  std::size_t target_count_ = 1;
};

}  // namespace evenkeel
