#include "memcached_check.h"

#include "evenkeel/ask_all.h"
#include "judge.h"
#include "options.h"
#include "read_server.h"

namespace evenkeel::cache {

Description MemcachedCheck::describe() const { return description(); }

void MemcachedCheck::configure(const Options& options) {
  servers_ = servers_from(options);
  settings_ = settings_from(options);
  if (settings_.same_settings && servers_.size() < 2)
    throw usage_error("--same-settings compares servers with each other: name several");
}

Report MemcachedCheck::run(RunContext& context) {
  settings_.server_settings = context.shows_facts;
  const auto ask = [connector = make_connector_(), servers = servers_, settings = settings_,
                    state = context.state,
                    deadline = context.deadline.for_clients()](std::size_t i, Trace& trace) {
    const auto client = connector->client_of(servers[i], deadline, trace);
    return read_server(*client, state, servers[i].where(), settings);
  };
  return ask_all<ServerReading>(
      context, servers_.size(), settings_.parallel, context.deadline, ask,
      [this, &context](const Outcomes& outcomes) { return evaluate(outcomes, context); });
}

Report MemcachedCheck::evaluate(const Outcomes& outcomes, const RunContext& context) const {
  std::vector<Target> targets;
  for (std::size_t i = 0; i < outcomes.size(); ++i) targets.push_back({servers_[i].name, outcomes[i]});
  return judge(targets, settings_, context.limits, context.timeout_state);
}

}  // namespace evenkeel::cache
