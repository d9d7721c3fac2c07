#include "digest_run.h"

#include <algorithm>
#include <thread>

#include "condition_trouble.h"
#include "evenkeel/local_limits.h"
#include "same_server.h"
#include "survey.h"

namespace evenkeel::table_sync {

namespace {

struct Part {
  std::optional<KeyRange> range;
  ChunkAnswer answer;
};

// One host, on a thread of its own.
class HostDigestRun {
 public:
  HostDigestRun(const std::shared_ptr<mysql::SqlConnector>& connector, const mysql::Login& login,
                const Settings& settings, const Deadline& deadline, const std::shared_ptr<StopRequest>& stop)
      : settings_(settings),
        stop_(*stop),
        fleet_({login}, 0),
        crew_({{connector, login, deadline, stop, settings.statement_seconds(), address_}}, stop,
              settings.patience()),
        guard_(crew_, fleet_, *stop, settings_),
        hashing_{settings.strong ? Strength::strong : Strength::fast, ""} {}

  HostReading run() {
    const TableSelection selection(settings_.tables, settings_.ignored_tables, settings_.ignored_columns);
    HostReading reading;
    const Survey surveyed =
        survey(crew_, fleet_, stop_, selection, std::clamp(settings_.budget / 3, 1.0, 10.0),
               settings_.max_lag.has_value());
    if (!stop_.made() && !fleet_.failure_of(0)) {
      const auto tables = tables_of(crew_, fleet_, surveyed, selection, settings_.where);
      for (const TableReading& table : tables) reading.tables.push_back(one(table, surveyed, selection));
      reading.unmatched = unmatched_names(surveyed, fleet_, selection);
    }
    reading.server.name = fleet_.name(0);
    reading.server.failure = fleet_.failure_of(0);
    reading.server.version = surveyed.versions[0];
    if (!reading.server.failure)
      reading.server.visible = visibility_text(surveyed.visibility[0], fleet_[0].account);
    reading.server.steps = crew_.steps(0);
    reading.server.identity = address_->server();
    const auto started = crew_.ask<std::optional<double>>(
        {0}, [](std::size_t, mysql::SqlSession& session) { return mysql::started_at(session); });
    if (const std::string load = guard_.remark(); !load.empty()) reading.remarks.push_back(load);
    if (started[0].value) reading.server.identity.started = *started[0].value;
    return reading;
  }

 private:
  HostReading::Table one(const TableReading& table, const Survey& surveyed, const TableSelection& selection) {
    HostReading::Table result{table.table, {}, {}, Status::unknown, {}};
    const auto definition = surveyed.definitions[0].find(table.table);
    if (table.denied.contains(0)) {
      result.problem = "privilege missing: " + table.denied.at(0);
    } else if (table.outcome.failures.contains(0)) {
      result.problem = table.outcome.failures.at(0).text;
    } else if (definition == surveyed.definitions[0].end()) {
      result.problem = "the table is not there";
      result.status = Status::critical;
    } else {
      const DefinitionOn host{fleet_.name(0), fleet_[0].dialect, &definition->second};
      DefinitionComparison plan = plan_for_digest(table.table, host, selection, settings_.where);
      result.remarks = std::move(plan.remarks);
      if (!plan.plan)
        result.problem = "no column of it can be compared";
      else if (auto made = std::make_shared<const ComparisonPlan>(std::move(*plan.plan));
               understands(made, result))
        digest(made, result);
    }
    return result;
  }

  // --where, for this table; of other failures the digest tells.
  bool understands(const std::shared_ptr<const ComparisonPlan>& plan, HostReading::Table& result) {
    if (plan->where.empty()) return true;
    const auto replies = crew_.ask<std::string>({0}, [plan](std::size_t, mysql::SqlSession& session) {
      return trouble_with_condition(session, *plan);
    });
    result.problem = replies[0].value.value_or("");
    return result.problem.empty();
  }

  void digest(const std::shared_ptr<const ComparisonPlan>& plan, HostReading::Table& result) {
    ChunkDigest sum;
    ChunkSize size(settings_.chunk_time);
    std::optional<KeyTuple> at;
    auto cutter = std::make_shared<RangeCutter>(*plan, at);
    limit_for(*plan);
    while (true) {
      guard_.wait({0}, stop_.latest());
      const Reply<Part> reply = next(plan, cutter, size.rows());
      if (!reply.value) {
        if (!reply.failure->statement_took_too_long() || size.smallest() || !plan->has_key())
          return explain(*reply.failure, *plan, result);
        size.shrink();
        cutter = std::make_shared<RangeCutter>(*plan, at);
        continue;
      }
      if (!reply.value->range) break;
      sum += reply.value->answer.digest;
      size.learn(std::max<std::uint64_t>(reply.value->answer.digest.rows, 1), reply.seconds);
      cutter->learn(reply.value->answer.digest.rows);
      at = reply.value->range->upto;
      if (reply.value->range->last()) break;
    }
    result.digest = host_digest(*plan, hashing_, sum);
    result.status = Status::ok;
  }

  // A table without a key is one statement.
  void limit_for(const ComparisonPlan& plan) {
    const double whole = std::max(1.0, stop_.latest().remaining().count());
    crew_.limit_statements(plan.has_key() ? settings_.statement_seconds() : whole);
    crew_.set_patience(plan.has_key() ? settings_.patience() : whole + 1);
  }

  Reply<Part> next(const std::shared_ptr<const ComparisonPlan>& plan,
                   const std::shared_ptr<RangeCutter>& cutter, std::uint64_t rows) {
    auto replies = crew_.ask<Part>(
        {0}, [plan, cutter, rows, hashing = hashing_](std::size_t, mysql::SqlSession& session) {
          Part part;
          part.range = cutter->next(session, rows);
          if (!part.range) return part;
          part.answer = chunk_answer_from(session.query(chunk_digest_sql(*plan, hashing, *part.range)));
          return part;
        });
    return std::move(replies[0]);
  }

  void explain(const Failure& failure, const ComparisonPlan& plan, HostReading::Table& result) {
    const bool is_lost = failure.loses_server(stop_);
    if (is_lost) fleet_.lose(0, failure);
    if (stop_.made() && !is_lost)
      result.problem = "time ran out; -t gives it more";
    else if (!plan.where.empty() && is_expression_error(failure.code))
      result.problem = condition_error_text(failure.code, failure.text, plan);
    else
      result.problem = failure.text;
  }

  const Settings& settings_;
  StopRequest& stop_;
  Fleet fleet_;
  std::shared_ptr<Address> address_ = std::make_shared<Address>();
  Crew crew_;
  LoadGuard guard_;
  Hashing hashing_;
};

// Two names of one server would look like two hosts with the same data.
void refuse_doubles(std::vector<HostReading>& readings) {
  for (std::size_t i = 1; i < readings.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const ServerReading &one = readings[j].server, &other = readings[i].server;
      if (other.failure || one.failure || !mysql::seem_the_same(one.identity, other.identity)) continue;
      readings[i].server.failure = {Fault::protocol, 0, same_as(one.name, one.identity)};
      readings[i].tables.clear();
      readings[i].unmatched.clear();
    }
}

}  // namespace

std::vector<HostReading> run_digest(const std::shared_ptr<mysql::SqlConnector>& connector,
                                    const std::vector<mysql::Login>& logins, const Settings& settings,
                                    const RunContext& context, const std::shared_ptr<StopRequest>& stop) {
  std::vector<HostReading> readings(logins.size());
  std::vector<std::thread> threads;
  threads.reserve(logins.size());
  for (std::size_t i = 0; i < logins.size(); ++i) {
    const auto digest = [&, i] {
      try {
        readings[i] = HostDigestRun(connector, logins[i], settings, context.deadline, stop).run();
      } catch (...) {
        readings[i].server.failure = Failure::from(std::current_exception());
      }
      readings[i].server.name = logins[i].name;
    };
    try {
      threads.push_back(start_thread(digest));
    } catch (...) {
      // The threads that have started use what is on this stack: they are joined below all the same.
      readings[i].server.failure = Failure::from(std::current_exception());
      readings[i].server.name = logins[i].name;
    }
  }
  for (std::thread& thread : threads) thread.join();
  refuse_doubles(readings);
  return readings;
}

}  // namespace evenkeel::table_sync
