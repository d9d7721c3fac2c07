#include "sync_run.h"

#include <algorithm>
#include <condition_variable>
#include <thread>
#include <tuple>

#include "condition_trouble.h"
#include "evenkeel/local_limits.h"
#include "evenkeel/target.h"
#include "progress_line.h"
#include "survey.h"

namespace evenkeel::table_sync {

namespace {

constexpr double longest_second_look = 2;

// To greet a server and to describe its tables.
double survey_patience(const Settings& settings) { return std::clamp(settings.budget / 3, 1.0, 10.0); }

// A table that is changed again and again gets so much of what is left of the budget: by then it has had a
// quiet moment, or it has none. Several of them leave time for the other tables.
constexpr double share_for_attempts = 0.25;
constexpr int least_attempts = 5;
constexpr int attempts_while_the_same = 7;    // at one that looks the same each time and cannot be read
constexpr int attempts_with_a_condition = 2;  // which may be what the server does not understand
constexpr std::chrono::duration<double> between_attempts(0.02);
constexpr std::chrono::duration<double> longest_between_attempts(0.3);

// Errors of a moment, such as that of a table that is swapped for another.
bool may_pass(int code) {
  return code == 1146 || code == 1412 || code == 1615 || code == 1213 || code == 1017;
}

bool fails_for_good(const TableReading& table) {
  const auto& failures = table.outcome.failures;
  return std::any_of(failures.begin(), failures.end(), [](const auto& entry) {
    return entry.second.table_changed() && !may_pass(entry.second.code);
  });
}

// What is known of rows on servers that lack the whole table by now is told by that.
void forget_servers(TableMemory& memory, const std::vector<std::size_t>& missing_on) {
  for (DriftedRow& row : memory.drift)
    std::erase_if(row.on, [&](const auto& on) {
      return std::find(missing_on.begin(), missing_on.end(), on.first) != missing_on.end();
    });
  std::erase_if(memory.drift, [](const DriftedRow& row) { return row.on.empty(); });
  if (memory.whole_differs_on.empty()) return;
  std::erase_if(memory.whole_differs_on, [&](std::size_t server) {
    return std::find(missing_on.begin(), missing_on.end(), server) != missing_on.end();
  });
  memory.whole_differs = !memory.whole_differs_on.empty();
}

}  // namespace

std::size_t reference_of(const std::vector<mysql::Login>& logins, const Settings& settings) {
  if (!settings.reference) return 0;
  for (std::size_t i = 0; i < logins.size(); ++i)
    if (logins[i].name == *settings.reference || logins[i].where() == *settings.reference) return i;
  throw usage_error("--reference" + shown_address(*settings.reference) + ": is none of the servers compared");
}

SyncRun::SyncRun(std::shared_ptr<mysql::SqlConnector> connector, std::vector<mysql::Login> logins,
                 const Settings& settings, RunContext& context, std::shared_ptr<StopRequest> stop)
    : connector_(std::move(connector)),
      logins_(std::move(logins)),
      settings_(settings),
      context_(context),
      stop_(std::move(stop)),
      reference_(reference_of(logins_, settings)),
      fleet_(logins_, reference_),
      selection_(settings.tables, settings.ignored_tables, settings.ignored_columns),
      comparison_{fleet_,
                  *stop_,
                  settings,
                  Hashing::with_random_salt(settings.strong ? Strength::strong : Strength::fast),
                  Deadline::after(std::chrono::duration<double>(settings.budget)),
                  context.verbosity,
                  progress_} {
  for (std::size_t i = 0; i < logins_.size(); ++i) addresses_.push_back(std::make_shared<Address>());
}

SyncReading SyncRun::run() {
  SyncReading reading;
  reading.keeps_state = context_.state.enabled();
  std::unique_ptr<Crew> crew = new_crew();
  const Survey surveyed =
      survey(*crew, fleet_, *stop_, selection_, survey_patience(settings_), settings_.max_lag.has_value());
  look_who_answers(*crew);
  if (!stop_->made() && !fleet_.answering().empty()) {
    reading.tables = tables_of(*crew, fleet_, surveyed, selection_, settings_.where);
    reading.sequences.assign(surveyed.sequences.begin(), surveyed.sequences.end());
    reading.unmatched = unmatched_names(surveyed, fleet_, selection_);
    reading.hidden =
        hidden_databases(*crew, fleet_, *stop_, surveyed.visibility, surveyed.definitions, settings_.confirm);
    DefinitionWatch watch(fleet_, *stop_, settings_.confirm, selection_, settings_.where);
    std::vector<TableReading*> doubtful;
    for (TableReading& table : reading.tables)
      if (DefinitionWatch::is_doubtful(table)) doubtful.push_back(&table);
    watch.settle(*crew, doubtful, Deadline::after(comparison_.budget.remaining() / 2), share_of_budget());
    recall(reading.tables);
    compare_tables(reading.tables, std::move(crew), watch);
  } else {
    for (std::size_t i = 0; i < fleet_.size(); ++i) steps_[i] = crew->steps(i);
  }
  reading.keeps_state = reading.keeps_state && (kept_ || !asked_to_keep_);
  reading.reference = fleet_.reference();
  reading.budget_over = comparison_.budget.expired();
  for (std::size_t i = 0; i < fleet_.size(); ++i) {
    ServerReading& server = reading.servers.emplace_back();
    server.name = fleet_.name(i);
    server.failure = fleet_.failure_of(i);
    server.not_applying = fleet_.not_applying(i);
    server.version = surveyed.versions[i];
    if (!server.failure) server.visible = visibility_text(surveyed.visibility[i], fleet_[i].account);
    server.steps = steps_[i];
  }
  return reading;
}

void SyncRun::look_who_answers(Crew& crew) {
  if (stop_->made() || fleet_.answering().empty()) return;
  const std::unique_ptr<Crew> others = new_crew();
  others->set_patience(longest_second_look);
  look_for_several(crew, *others, addresses_, fleet_);
  if (!fleet_.answering().empty()) lose_doubles(crew, addresses_, fleet_);
}

std::unique_ptr<Crew> SyncRun::new_crew() const {
  std::vector<LaneOptions> lanes;
  for (const mysql::Login& login : logins_)
    lanes.push_back({connector_, login, context_.deadline, stop_, settings_.statement_seconds(),
                     addresses_[lanes.size()]});
  return std::make_unique<Crew>(std::move(lanes), stop_, settings_.patience());
}

void SyncRun::compare_tables(std::vector<TableReading>& tables, std::unique_ptr<Crew> first,
                             DefinitionWatch& watch) {
  const std::vector<std::size_t> order = order_of(tables);
  const std::size_t count =
      std::clamp<std::size_t>(settings_.threads, 1, std::max<std::size_t>(order.size(), 1));
  std::vector<std::unique_ptr<Crew>> crews;
  crews.push_back(std::move(first));

  ProgressLine line(progress_, tables);
  working_ = 0;
  std::condition_variable changed;
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::unique_lock lock(mutex_);
  try {
    while (threads.size() < count) {
      if (crews.size() == threads.size()) crews.push_back(new_crew());
      threads.push_back(start_thread([&, crew = crews.back().get()] {
        work(tables, order, *crew);
        const std::lock_guard done(mutex_);
        --working_;
        changed.notify_all();
      }));
      ++working_;
    }
  } catch (...) {
    // Where this machine gives no thread or memory for all of them, fewer do the work in more time.
    if (threads.empty()) throw;
  }
  while (!changed.wait_for(lock, ProgressLine::interval, [this] { return working_ == 0; })) line.show();
  lock.unlock();
  for (std::thread& thread : threads) thread.join();
  // Those that half of the budget was not enough for.
  if (!watch.all_settled()) watch.settle(*crews.front(), {}, stop_->latest(), share_of_budget());
  watch.finish();
  for (std::size_t i = 0; i < fleet_.size(); ++i) steps_[i] = crews.front()->steps(i);
}

void SyncRun::work(std::vector<TableReading>& tables, const std::vector<std::size_t>& order, Crew& crew) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (next_ == order.size()) return;
    TableReading& table = tables[order[next_++]];
    lock.unlock();
    try {
      if (!comparison_.budget.expired() && !stop_->made()) compare(table, crew);
    } catch (...) {
      const Failure failure = Failure::from(std::current_exception());
      table.outcome.failures[reference_] = failure;
    }
    ++progress_.tables_done;
  }
}

std::vector<std::size_t> SyncRun::participants(const TableReading& table) const {
  std::vector<std::size_t> servers = fleet_.answering();
  std::erase_if(servers, [&](std::size_t server) {
    const auto& missing = table.definition.missing_on;
    return std::find(missing.begin(), missing.end(), server) != missing.end() ||
           table.denied.contains(server) || table.outcome.failures.contains(server) ||
           table.unsettled.contains(server);
  });
  return servers;
}

Deadline SyncRun::share_of_budget() const {
  return Deadline::after(comparison_.budget.remaining() * share_for_attempts);
}

void SyncRun::compare(TableReading& table, Crew& crew) {
  const Deadline enough = share_of_budget();
  int looked_the_same = 0;  // times in a row
  for (int attempt = 1;; ++attempt) {
    compare_once(table, crew);
    const auto& failures = table.outcome.failures;
    const bool changed = std::any_of(failures.begin(), failures.end(),
                                     [](const auto& entry) { return entry.second.table_changed(); });
    if (!changed) return;
    const bool had_its_share = attempt >= least_attempts && enough.expired();
    // Where the table never changes, it is not the reason.
    const int most = settings_.where.empty() ? attempts_while_the_same : attempts_with_a_condition;
    if (looked_the_same >= most && fails_for_good(table)) return;
    if (stop_->made() || comparison_.budget.expired() || had_its_share)
      return leave_to_next_run(table, looked_the_same > 0 && looked_the_same == attempt - 1);
    // So that we are not in step with whatever changes it.
    stop_->sleep(std::min(between_attempts * attempt, longest_between_attempts));
    const std::string before = table.outcome.plan->fingerprint();
    if (!plan_anew(table, crew, enough)) return;
    looked_the_same = table.outcome.plan->fingerprint() == before ? looked_the_same + 1 : 0;
  }
}

void SyncRun::leave_to_next_run(TableReading& table, bool never_changed) {
  if (never_changed && fails_for_good(table)) return;
  std::erase_if(table.outcome.failures, [](const auto& entry) { return entry.second.table_changed(); });
  table.outcome.remarks.emplace_back("changed while it was read: the next run looks again");
  table.restless = true;
}

bool SyncRun::plan_anew(TableReading& table, Crew& crew, const Deadline& enough) {
  std::erase_if(table.outcome.failures, [](const auto& entry) { return entry.second.table_changed(); });
  const std::string before = table.outcome.plan->fingerprint();
  DefinitionWatch watch(fleet_, *stop_, settings_.confirm, selection_, settings_.where);
  watch.settle(crew, {&table}, comparison_.budget, enough);
  if (!watch.all_settled()) {
    // What is known of its rows stays.
    leave_to_next_run(table, false);
    return false;
  }
  const bool planned = table.definition.plan.has_value();
  if (planned && table.definition.plan->fingerprint() == before) {
    // One that is made anew all the time may look the same by chance.
    const std::lock_guard lock(mutex_);
    TableMemory found;
    found.drift = table.outcome.drift.rows();
    memories_[table.table].add_findings_of(found);
    return true;
  }
  auto others = std::move(table.outcome.failures);
  table.outcome = TableOutcome();
  table.outcome.failures = std::move(others);
  const std::lock_guard lock(mutex_);
  memories_[table.table] = TableMemory();
  if (planned) table.outcome.plan = std::make_shared<const ComparisonPlan>(*table.definition.plan);
  return planned;
}

bool SyncRun::is_condition_understood(TableReading& table, Crew& crew,
                                      const std::vector<std::size_t>& servers) {
  if (settings_.where.empty()) return true;
  const auto replies =
      crew.ask<std::string>(servers, [plan = table.outcome.plan](std::size_t, mysql::SqlSession& session) {
        return trouble_with_condition(session, *plan);
      });
  table.condition.clear();
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (replies[i].value && !replies[i].value->empty()) table.condition[servers[i]] = *replies[i].value;
    if (replies[i].failure) note_failure(table, servers[i], *replies[i].failure);
  }
  return table.condition.empty();
}

// Of all but a lost server and a locked table, the comparison tells.
void SyncRun::note_failure(TableReading& table, std::size_t server, const Failure& failure) {
  if (failure.loses_server(*stop_))
    fleet_.lose(server, failure);
  else if (!stop_->by_signal() &&
           (failure.statement_took_too_long() || failure.waited >= settings_.long_wait()))
    table.outcome.failures[server] = Failure::too_slow();
}

void SyncRun::compare_once(TableReading& table, Crew& crew) {
  std::vector<std::size_t> servers = participants(table);
  if (servers.size() < 2 || !is_condition_understood(table, crew, servers)) return;
  servers = participants(table);
  if (servers.size() < 2) return;
  TableMemory memory;
  {
    const std::lock_guard lock(mutex_);
    memory = memories_[table.table];
  }
  auto failures = std::move(table.outcome.failures);
  TableComparison comparison(comparison_, crew, table.outcome.plan, servers, std::move(memory),
                             [&](const TableMemory& now) { keep(table, now); });
  table.outcome = comparison.run();
  table.outcome.failures.merge(failures);
}

std::vector<std::size_t> SyncRun::order_of(const std::vector<TableReading>& tables) const {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < tables.size(); ++i)
    if (tables[i].outcome.plan) order.push_back(i);
  const auto rank = [&](std::size_t i) {
    const auto memory = memories_.find(tables[i].table);
    if (memory == memories_.end()) return std::tuple(true, 0.0, tables[i].weight);
    return std::tuple(!memory->second.owes_an_answer(), memory->second.visited, tables[i].weight);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return order;
}

void SyncRun::recall(std::vector<TableReading>& tables) {
  for (TableReading& table : tables) {
    const auto sample = context_.state.load(state_key(table.table));
    if (sample) table.verified = TableMemory::visited_in(sample->payload);
    if (!table.definition.plan) continue;
    auto failures = std::move(table.outcome.failures);
    auto plan = std::make_shared<const ComparisonPlan>(*table.definition.plan);
    TableMemory memory;
    if (sample) {
      last_kept_[table.table] = sample->payload;
      if (auto parsed = TableMemory::parse(sample->payload, *plan, fleet_.size()))
        memory = std::move(*parsed);
    }
    forget_servers(memory, table.definition.missing_on);
    // With nothing to compare there are no rows that differ; what is kept is looked at once the table is
    // back.
    const bool comparable = fleet_.size() - table.definition.missing_on.size() >= 2;
    table.outcome = remembered(plan, comparable ? memory : TableMemory());
    table.outcome.failures = std::move(failures);
    memories_[table.table] = std::move(memory);
  }
}

void SyncRun::keep(const TableReading& table, TableMemory memory) {
  const ComparisonPlan& plan = *table.definition.plan;
  const std::lock_guard lock(mutex_);
  if (!context_.state.enabled()) return;
  std::string& last = last_kept_[table.table];
  context_.state.update(state_key(table.table), [&](const std::optional<StateStore::Sample>& sample) {
    // Another run has been here since: what it found stays until it has been read again.
    if (sample && sample->payload != last)
      if (const auto other = TableMemory::parse(sample->payload, plan, fleet_.size()))
        memory.add_findings_of(*other);
    last = memory.text(plan.fingerprint());
    return std::optional<std::string>(last);
  });
  asked_to_keep_ = true;
  kept_ = context_.state.keeps();
}

std::string SyncRun::state_key(const TableName& table) const {
  std::string key = table.sql();
  for (const mysql::Login& login : logins_) key += " " + login.where();
  return key + " " + logins_[reference_].where();
}

}  // namespace evenkeel::table_sync
