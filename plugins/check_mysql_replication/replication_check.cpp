#include "replication_check.h"

#include <chrono>

#include "evenkeel/ask_all.h"
#include "evenkeel/mysql/connection_options.h"
#include "evenkeel/text.h"
#include "options.h"
#include "probe_replicas.h"
#include "silence.h"

namespace evenkeel::replication {

Description ReplicationCheck::describe() const { return description(); }

void ReplicationCheck::configure(const Options& options) {
  logins_ = mysql::logins_from(options);
  settings_ = settings_from(options);
}

Report ReplicationCheck::run(RunContext& context) {
  check_limits(context.limits);
  std::vector<mysql::Login> logins = logins_;
  if (settings_.source_login) logins.push_back(*settings_.source_login);
  const std::shared_ptr<mysql::SqlConnector> connector = make_connector_(logins);
  const Deadline deadline = deadline_of_replicas(settings_, context.deadline);
  return ask_all<ReplicaReading>(context, logins_.size(), settings_.parallel, deadline,
                                 ask_replica(connector, logins_, settings_, deadline),
                                 [this, connector, &context](Outcomes outcomes) {
                                   return evaluate(std::move(outcomes), connector, context);
                                 });
}

Report ReplicationCheck::evaluate(Outcomes outcomes, const std::shared_ptr<mysql::SqlConnector>& connector,
                                  RunContext& context) const {
  ProbedTargets probed = probed_targets(std::move(outcomes), connector, logins_, settings_, context.deadline);
  for (std::size_t i = 0; i < probed.targets.size(); ++i)
    complete_last_heard(probed.targets[i], logins_[i], context.state);
  Report report = judge(probed.targets, settings_, context.limits, context.timeout_state);
  mysql::say_what_has_no_effect(logins_, report);
  if (settings_.source_login) mysql::say_what_has_no_effect({*settings_.source_login}, report);
  for (TraceLine& line : probed.trace) report.trace(std::move(line.target), std::move(line.text));
  return report;
}

void ReplicationCheck::check_limits(const Limits& limits) const {
  for (const char* label : {"transactions_behind", "errant_transactions"})
    if (!settings_.compares() && limits.given(label))
      throw usage_error(std::string("a threshold for ") + label + " needs --source");
}

void ReplicationCheck::complete_last_heard(Target& target, const mysql::Login& login,
                                           StateStore& state) const {
  if (!target.reading || target.reading->channels.empty()) return;
  ReplicaReading& reading = *target.reading;
  state.update(login.where(), [&](const std::optional<StateStore::Sample>& sample) {
    const std::chrono::duration<double> delay = std::chrono::steady_clock::now() - reading.taken;
    LastRun last_run;
    if (sample) {
      last_run.samples = parse_samples(sample->payload);
      last_run.age = sample->age + last_run.samples->delay - delay.count();
    }
    return std::optional(
        format_samples({replication::complete_last_heard(reading.channels, reading.server.starts, last_run,
                                                         reading.last_heard),
                        delay.count()}));
  });
  if (state.enabled() && state.problem().empty()) return;
  for (auto& [channel, heard] : reading.last_heard)
    if (heard.unheard == Unheard::first_run) heard.unheard = Unheard::no_state;
}

}  // namespace evenkeel::replication
