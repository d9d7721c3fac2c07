#include "rps_check.h"

#include <algorithm>

#include "evenkeel/ask_all.h"
#include "evenkeel/text.h"
#include "judge.h"
#include "options.h"
#include "sample_server.h"

namespace evenkeel::apache {

namespace {

std::string state_key(const http::Endpoint& page) {
  return page.url + ' ' + page.connect_to + ' ' + page.unix_socket;
}

}  // namespace

Description RpsCheck::describe() const { return description(); }

void RpsCheck::configure(const Options& options) {
  pages_ = status_pages_from(options);
  settings_ = settings_from(options);
}

void RpsCheck::fit_interval(double seconds) {
  if (!settings_.interval_given) settings_.interval = std::min(settings_.interval, seconds * 0.4);
  if (!settings_.interval_given && settings_.interval <= 0)
    throw usage_error("--timeout: too short for two samples");
  if (settings_.interval >= seconds)
    throw usage_error("--interval: two samples " + format_number(settings_.interval) +
                      " s apart do not fit into --timeout");
}

Report RpsCheck::run(RunContext& context) {
  if (context.limits.given("rps_total") && pages_.size() < 2)
    throw usage_error("a threshold for rps_total needs several servers");
  fit_interval(context.deadline.remaining().count());
  const bool tls =
      std::any_of(pages_.begin(), pages_.end(), [](const http::Endpoint& page) { return page.wants_tls(); });
  const auto connector = make_connector_(tls);
  const auto ask = [connector, pages = pages_, settings = settings_, state = context.state,
                    deadline = context.deadline.for_clients()](std::size_t i, Trace& trace) {
    const std::unique_ptr<http::HttpClient> client = connector->client_of(pages[i]);
    return sample_server(*client, pages[i].page(), state, state_key(pages[i]), settings, deadline, trace);
  };
  return ask_all<ServerReading>(
      context, pages_.size(), settings_.parallel, context.deadline, ask,
      [this, &context](const Outcomes& outcomes) { return evaluate(outcomes, context); });
}

Report RpsCheck::evaluate(const Outcomes& outcomes, const RunContext& context) const {
  std::vector<Target> targets;
  for (std::size_t i = 0; i < outcomes.size(); ++i) targets.push_back({pages_[i].name, outcomes[i]});
  return judge(targets, context.limits, context.timeout_state);
}

}  // namespace evenkeel::apache
