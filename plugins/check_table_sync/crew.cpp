#include "crew.h"

#include <algorithm>
#include <array>

#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::chrono::milliseconds glance(20);

}  // namespace

Failure Failure::from(std::exception_ptr exception) {
  try {
    std::rethrow_exception(std::move(exception));
  } catch (const mysql::SqlError& error) {
    const Error named = detail::error_from(std::current_exception());
    return {named.fault(), error.code(), named.what()};
  } catch (const SeveralServers& error) {
    Failure failure{error.fault(), 0, error.what()};
    failure.several = true;
    return failure;
  } catch (...) {
    const Error error = detail::error_from(std::current_exception());
    return {error.fault(), 0, error.what()};
  }
}

Failure Failure::too_slow() {
  return {Fault::timeout, 0, "could not be read in time: it is locked, or the server too slow"};
}

bool Failure::table_changed() const {
  constexpr std::array codes{1017, 1049, 1051, 1054, 1072, 1146, 1176, 1213, 1356, 1412, 1615, 1932};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

Crew::Crew(std::vector<LaneOptions> servers, std::shared_ptr<StopRequest> stop, double patience)
    : given_up_(servers.size()),
      last_steps_(servers.size()),
      cut_short_after_(servers.size()),
      stop_(std::move(stop)),
      patience_(patience) {
  for (LaneOptions& options : servers) lanes_.push_back(std::make_unique<Lane>(std::move(options)));
}

void Crew::wait(const std::function<bool(std::chrono::milliseconds)>& all_done,
                const std::function<bool(std::size_t)>& settled, const std::vector<std::size_t>& servers) {
  while (!all_done(glance)) {
    if (stop_->made()) break;
    bool hope = false;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const std::size_t server = servers[i];
      if (settled(i) || !lanes_[server]) continue;
      if (lanes_[server]->silence() > patience_)
        give_up(server, "no answer for " + format_seconds(patience_));
      else
        hope = true;
      if (lanes_[server] && lanes_[server]->silence() > Failure::long_silence)
        lanes_[server]->look_for_life();
    }
    if (!hope) return;
  }
  for (std::size_t i = 0; i < servers.size(); ++i)
    if (!settled(i) && lanes_[servers[i]]) cut_short(servers[i]);
  if (all_done(stop_->time_to_die())) return;
  for (std::size_t i = 0; i < servers.size(); ++i)
    if (!settled(i) && lanes_[servers[i]]) give_up(servers[i], "no answer when the run ended");
}

void Crew::cut_short(std::size_t server) {
  if (!stop_->by_signal()) cut_short_after_[server] = lanes_[server]->silence();
  lanes_[server]->kill_statement();
}

void Crew::give_up(std::size_t server, const std::string& why) {
  const std::string step = lanes_[server]->waiting_for();
  given_up_[server] = {Fault::timeout, 0, why + (step.empty() ? "" : ": " + step)};
  given_up_[server].silent = !stop_->made();
  given_up_[server].unanswered =
      !stop_->by_signal() && (given_up_[server].silent || lanes_[server]->seems_dead());
  last_steps_[server] = lanes_[server]->steps();
  lanes_[server]->kill_statement();
  lanes_[server].reset();
}

void Crew::limit_statements(double seconds) {
  for (const auto& lane : lanes_)
    if (lane) lane->limit_statements(seconds);
}

Failure Crew::silent_before(std::size_t server) const { return given_up_[server]; }

std::vector<Trace::Step> Crew::steps(std::size_t server) const {
  return lanes_[server] ? lanes_[server]->steps() : last_steps_[server];
}

}  // namespace evenkeel::table_sync
