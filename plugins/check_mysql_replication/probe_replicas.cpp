#include "probe_replicas.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "evenkeel/fan_out.h"
#include "evenkeel/mysql/connection_options.h"
#include "evenkeel/text.h"
#include "read_replica.h"
#include "read_source.h"

namespace evenkeel::replication {

namespace {

using Connector = std::shared_ptr<mysql::SqlConnector>;
using Logins = std::vector<mysql::Login>;

// A source that does not answer must leave time to say what the replicas answered.
constexpr double share_of_replicas = 2.0 / 3;

// How long a cluster member is watched that seems to stand still.
constexpr std::chrono::duration<double> most_patience{2};
constexpr double share_of_patience = 1.0 / 2;

void add_steps(std::vector<TraceLine>& trace, const std::string& target,
               const std::vector<Trace::Step>& steps) {
  for (const Trace::Step& step : steps) trace.push_back({target, step.text()});
}

std::vector<Outcome<SourceReading>> ask_sources(const Connector& connector, const Logins& logins,
                                                const Settings& settings, const Deadline& deadline) {
  // auto knows that the replica follows it.
  const bool explicit_source = settings.source.has_value();
  return fan_out<SourceReading>(logins.size(), settings.parallel, deadline,
                                [connector, logins, deadline, explicit_source](std::size_t i, Trace& trace) {
                                  const std::unique_ptr<mysql::SqlSession> session =
                                      connector->connect(logins[i], deadline, trace);
                                  return read_source(*session, logins[i].where(), explicit_source);
                                });
}

// The sources to ask, each once however many replicas it has.
class Sources {
 public:
  std::size_t index_of(const mysql::Login& login) {
    const auto [it, fresh] =
        indexes_.try_emplace({login.where(), login.user, login.password}, logins_.size());
    if (fresh) logins_.push_back(login);
    return it->second;
  }
  const Logins& logins() const { return logins_; }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> indexes_;
  Logins logins_;
};

// How the source of a replica is asked. A host that a replica names may be anybody's: it gets no password.
mysql::Login source_login(const mysql::Login& replica, const Settings& settings, const std::string& host,
                          std::uint16_t port) {
  mysql::Login login = mysql::login_like(settings.source_login.value_or(replica), host, port);
  login.scramble_only = settings.source_of_each_channel && !settings.source_login;
  return login;
}

// What is to be compared: a channel (none: the whole server) of a target with a source.
struct Pair {
  std::size_t target;
  const ChannelStatus* channel;
  std::size_t source;
};

std::vector<Pair> pairs_of(const std::vector<Target>& targets, const Logins& logins, const Settings& settings,
                           Sources& sources) {
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!targets[i].reading || targets[i].reading->channels.empty()) continue;
    if (settings.source) {
      pairs.push_back({i, nullptr,
                       sources.index_of(source_login(logins[i], settings, settings.source->host,
                                                     settings.source->port.value_or(3306)))});
      continue;
    }
    for (const ChannelStatus& channel : targets[i].reading->channels)
      pairs.push_back(
          {i, &channel,
           sources.index_of(source_login(logins[i], settings, channel.source_host, channel.source_port))});
  }
  return pairs;
}

std::string reason(const Error& error, const mysql::Login& source) {
  if (error.fault() == Fault::timeout) return "no answer in time";
  // The step of a connection names the source once more.
  return error.step() == source.connecting() ? error.reason() : error.what();
}

class Comparing {
 public:
  Comparing(std::vector<Target>& targets, const std::vector<Pair>& pairs, const Logins& logins,
            const std::vector<Outcome<SourceReading>>& sources, bool explicit_source)
      : targets_(targets), pairs_(pairs), logins_(logins), sources_(sources), explicit_(explicit_source) {}

  void compare_all() {
    for (const Pair& pair : pairs_) targets_[pair.target].compared.push_back(compared(pair));
  }

 private:
  ComparedChannel compared(const Pair& pair) const {
    const ReplicaReading& replica = *targets_[pair.target].reading;
    const Outcome<SourceReading>& source = sources_[pair.source];
    const ChannelStatus* channel = pair.channel;
    if (explicit_ && source.reading) channel = channel_of(replica, *source.reading);
    ComparedChannel result;
    result.source = logins_[pair.source].where();
    if (channel != nullptr) result.channel = channel->name;
    if (!source.reading) {
      result.problem = source.error ? reason(*source.error, logins_[pair.source]) : "no answer";
      return result;
    }
    if (!explicit_ && !is_source_of(*channel, *source.reading)) {
      result.problem =
          knows_its_source(*channel)
              ? "the server that answers there is not the one the replica follows; use --source"
              : "the replica cannot say which server it follows before it has connected; use --source";
      return result;
    }
    try {
      result.comparison = compare(replica, channel, *source.reading, others_of(pair));
    } catch (const Error& error) {
      result.problem = error.what();
    }
    return result;
  }

  std::vector<const SourceReading*> others_of(const Pair& pair) const {
    std::vector<const SourceReading*> others;
    for (const Pair& other : pairs_)
      if (other.target == pair.target && other.source != pair.source && sources_[other.source].reading)
        others.push_back(&*sources_[other.source].reading);
    return others;
  }

  std::vector<Target>& targets_;
  const std::vector<Pair>& pairs_;
  const Logins& logins_;
  const std::vector<Outcome<SourceReading>>& sources_;
  bool explicit_;
};

void compare_with_sources(const Connector& connector, const Logins& logins, const Settings& settings,
                          const Deadline& deadline, ProbedTargets& probed) {
  Sources sources;
  const std::vector<Pair> pairs = pairs_of(probed.targets, logins, settings, sources);
  const std::vector<Outcome<SourceReading>> outcomes =
      ask_sources(connector, sources.logins(), settings, deadline);
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    add_steps(probed.trace, "source " + sources.logins()[i].where(), outcomes[i].steps);
  Comparing(probed.targets, pairs, sources.logins(), outcomes, settings.source.has_value()).compare_all();
}

// One server under two names would count twice, and hide that another is not looked at.
void refuse_doubles(std::vector<Target>& targets) {
  for (std::size_t i = 1; i < targets.size(); ++i)
    for (std::size_t j = 0; j < i && targets[i].reading; ++j) {
      if (!targets[j].reading) continue;
      const mysql::ServerIdentity& one = targets[j].reading->server.identity;
      if (!mysql::seem_the_same(one, targets[i].reading->server.identity)) continue;
      targets[i].reading.reset();
      targets[i].error =
          Error(Fault::protocol, "is the same server as " + targets[j].name + " (" + one.text() + ")");
    }
}

}  // namespace

AskReplica ask_replica(const Connector& connector, const Logins& logins, const Settings& settings,
                       const Deadline& deadline) {
  const ReplicaQuestions asked{settings.heartbeat, settings.compares()};
  return [connector, logins, asked, deadline](std::size_t i, Trace& trace) {
    const std::unique_ptr<mysql::SqlSession> session = connector->connect(logins[i], deadline, trace);
    ReplicaQuestions questions = asked;
    questions.patience = std::min(most_patience, deadline.remaining() * share_of_patience);
    return read_replica(*session, questions);
  };
}

Deadline deadline_of_replicas(const Settings& settings, const Deadline& deadline) {
  return settings.compares() ? deadline.earlier_by(deadline.remaining() * (1 - share_of_replicas)) : deadline;
}

ProbedTargets probed_targets(std::vector<Outcome<ReplicaReading>> outcomes, const Connector& connector,
                             const Logins& logins, const Settings& settings, const Deadline& deadline) {
  ProbedTargets probed;
  for (std::size_t i = 0; i < logins.size(); ++i) {
    add_steps(probed.trace, logins[i].name, outcomes[i].steps);
    probed.targets.push_back({logins[i].name, std::move(outcomes[i].reading), outcomes[i].error, {}});
  }
  refuse_doubles(probed.targets);
  if (settings.compares()) compare_with_sources(connector, logins, settings, deadline, probed);
  return probed;
}

}  // namespace evenkeel::replication
