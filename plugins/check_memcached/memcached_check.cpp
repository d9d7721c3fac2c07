#include "memcached_check.h"

#include <algorithm>

#include "evenkeel/ask_all.h"
#include "evenkeel/text.h"
#include "judge.h"
#include "options.h"
#include "read_server.h"

namespace evenkeel::cache {

namespace {

// The client library's own time-outs come first: they know what they were waiting for.
Deadline for_clients(const Deadline& deadline) {
  return deadline.earlier_by(std::min(deadline.remaining() * 0.05, std::chrono::duration<double>(0.1)));
}

void add_traces(Report& report, const std::string& name, const std::vector<Trace::Step>& steps) {
  for (const Trace::Step& step : steps)
    report.trace(name, step.what + ": " + format_number(step.seconds, 6) + " s");
}

}  // namespace

Description MemcachedCheck::describe() const { return description(); }

void MemcachedCheck::configure(const Options& options) {
  servers_ = servers_from(options);
  settings_ = settings_from(options);
}

Report MemcachedCheck::run(RunContext& context) {
  settings_.server_settings = context.shows_facts;
  const auto ask = [connector = make_connector_(), servers = servers_, settings = settings_,
                    state = context.state,
                    deadline = for_clients(context.deadline)](std::size_t i, Trace& trace) {
    const auto client = connector->client_of(servers[i], deadline, trace);
    return read_server(*client, state, servers[i].where(), settings);
  };
  return ask_all<ServerReading>(
      context, servers_.size(), settings_.parallel, context.deadline, ask,
      [this, &context](const Outcomes& outcomes) { return evaluate(outcomes, context); });
}

Report MemcachedCheck::evaluate(const Outcomes& outcomes, const RunContext& context) const {
  std::vector<Target> targets;
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    targets.push_back({servers_[i].name, outcomes[i].reading, outcomes[i].error});
  Report report = judge(targets, settings_, context.limits, context.timeout_state);
  for (std::size_t i = 0; i < outcomes.size(); ++i) add_traces(report, targets[i].name, outcomes[i].steps);
  return report;
}

}  // namespace evenkeel::cache
