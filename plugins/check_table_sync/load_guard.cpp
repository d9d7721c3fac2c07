#include "load_guard.h"

#include <algorithm>

#include "drift_text.h"
#include "evenkeel/text.h"
#include "replica_status.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::chrono::milliseconds between_looks(500);
constexpr std::chrono::duration<double> pause_for(0.3);

const char* const load_option = "--max-running";
const char* const lag_option = "--max-lag";

// What is looked at; for each option what the server has against it.
struct Load {
  double running = 0;
  ReplicaStatus replication;
  std::map<std::string, std::string> unseen;
};

// An error of one question leaves the others their answers.
template <class Ask>
void look(Load& load, const char* option, Ask ask) {
  try {
    ask();
  } catch (const mysql::SqlError&) {
    const Failure failure = Failure::from(std::current_exception());
    if (failure.server_is_lost()) throw;
    load.unseen[option] = failure.text;
  }
}

Load read_load(mysql::SqlSession& session, const Dialect& dialect, bool with_lag) {
  Load load;
  look(load, load_option, [&] {
    const auto threads = session.query("SHOW GLOBAL STATUS LIKE 'Threads_running'").at(0, "Value");
    if (!parse_number(threads.value_or(""), load.running))
      load.unseen[load_option] = "the server does not say how many threads it runs";
  });
  if (with_lag) look(load, lag_option, [&] { load.replication = read_replica_status(dialect, session); });
  return load;
}

std::string too_much(const Load& load, const Settings& settings) {
  if (load.running > static_cast<double>(settings.max_running))
    return " ran " + format_number(load.running) + " threads (" + load_option + " " +
           std::to_string(settings.max_running) + ")";
  for (const ReplicaStatus::Channel& channel : load.replication.channels) {
    if (channel.lag && *channel.lag <= *settings.max_lag) continue;
    return (channel.lag ? " was " + format_seconds(*channel.lag) + " behind" : " did not replicate") +
           std::string(" (") + lag_option + " " + format_number(*settings.max_lag) + ")";
  }
  return {};
}

}  // namespace

void LoadGuard::wait(const std::vector<std::size_t>& servers, const Deadline& deadline) {
  while (!stop_.made() && !deadline.expired()) {
    if (Deadline::Clock::now() < next_look_) return;
    const std::string why = reason(servers);
    if (why.empty()) {
      next_look_ = Deadline::Clock::now() + between_looks;
      return;
    }
    last_reason_ = why;
    paused_ += pause_for.count();
    stop_.sleep(pause_for);
  }
}

std::string LoadGuard::remark() const {
  std::vector<std::string> texts;
  for (const auto& [unseen, why] : unseen_)
    texts.push_back(fleet_.name(unseen.first) + ": " + unseen.second + " has no effect: " + why);
  if (!last_reason_.empty())
    texts.push_back("paused for " + format_seconds(paused_) + ", last because " + last_reason_);
  return joined(texts, "; ");
}

std::string LoadGuard::reason(const std::vector<std::size_t>& servers) {
  const auto replies =
      crew_.ask<Load>(servers, [dialects = fleet_.dialects(), with_lag = settings_.max_lag.has_value()](
                                   std::size_t server, mysql::SqlSession& session) {
        return read_load(session, dialects[server], with_lag);
      });
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto& failure = replies[i].failure;
    if (failure && (failure->loses_server(stop_) || failure->left_us_waiting()))
      fleet_.lose(servers[i], *failure);
    else if (failure)
      note_unseen(servers[i], load_option, failure->text);
    else
      for (const auto& [option, why] : replies[i].value->unseen) note_unseen(servers[i], option, why);
  }
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (!replies[i].value) continue;
    const std::string much = too_much(*replies[i].value, settings_);
    if (!much.empty()) return fleet_.name(servers[i]) + much;
  }
  return {};
}

// The first reason stays. What the end of the run cuts short says nothing.
void LoadGuard::note_unseen(std::size_t server, const std::string& option, const std::string& why) {
  if (!stop_.made()) unseen_.emplace(std::pair(server, option), why);
}

}  // namespace evenkeel::table_sync
