#include "table_comparison.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "drift_text.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t rows_kept = 10;
constexpr std::size_t values_shown = 10;
constexpr std::chrono::seconds between_saves(2);
// Early enough for what needs the rest of the budget.
constexpr double between_confirmations = 10;  // seconds, or
constexpr double share_between_confirmations = 0.25;
// Blocks of such a range fit into one answer.
constexpr std::uint64_t most_rows_by_blocks = 1'000'000;

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool all_equal(const std::vector<ChunkAnswer>& answers) {
  return std::all_of(answers.begin(), answers.end(),
                     [&](const ChunkAnswer& answer) { return answer.digest == answers.front().digest; });
}

Failure too_slow() {
  return {Fault::timeout, 0, "could not be read in time: it is locked, or the server too slow"};
}

// '' and NULL, and blanks at the end, are to be told apart.
std::string shown_value(const ComparedColumn& column, const mysql::Cell& value) {
  if (!value) return "NULL";
  return column.readable ? "'" + *value + "'" : *value;
}

}  // namespace

void SomeRows::add(const std::vector<KeyTuple>& keys) {
  count += keys.size();
  const std::size_t more = std::min(keys.size(), rows_kept - std::min(rows_kept, first.size()));
  first.insert(first.end(), keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(more));
}

TableComparison::TableComparison(ComparisonContext& context, Crew& crew,
                                 std::shared_ptr<const ComparisonPlan> plan, std::vector<std::size_t> servers,
                                 TableMemory memory, Keep keep)
    : context_(context),
      crew_(crew),
      plan_(std::move(plan)),
      servers_(std::move(servers)),
      asked_(servers_.size()),
      memory_(std::move(memory)),
      keep_(std::move(keep)),
      guard_(crew, context.fleet, context.stop, context.settings),
      drill_(crew, plan_, context.hashing),
      confirmation_(crew, context.fleet, context.stop, context.settings.confirm),
      // Servers may be slower today.
      size_(context.settings.chunk_time, memory_.chunk_rows / 2) {
  outcome_.plan = plan_;
  at_ = memory_.position;
  visited_before_us_ = memory_.visited;
  unnamed_before_us_ = memory_.unnamed;
  rows_before_us_ = memory_.rows;
}

TableOutcome TableComparison::run() {
  outcome_.visited = true;
  if (plan_->has_key()) {
    recheck_known();
    compare_ranges();
    flush();
    if (context_.verbosity >= 3) read_values();
  } else {
    compare_whole();
    save(true);
  }
  // A table that a server kept us from all along is not merely out of time.
  if (rows_read_ == 0 && !at_end_) outcome_.failures.merge(stalled_);
  if (std::string remark = guard_.remark(); !remark.empty()) outcome_.remarks.push_back(std::move(remark));
  outcome_.coverage = memory_.coverage;
  outcome_.finished = at_end_;
  for (DriftedRow& row : stale_) outcome_.drift.add(std::move(row));
  // Of those without a name it is known only how many there were in either pass.
  const std::uint64_t here = unnamed_before_us_ + outcome_.drift.unnamed();
  const std::uint64_t known = at_end_ ? here : std::max(here, memory_.unnamed_before);
  outcome_.drift.add_unnamed(known - outcome_.drift.unnamed());
  return std::move(outcome_);
}

bool TableComparison::time_is_up() const {
  return context_.stop.made() || servers_.size() < 2 || (context_.budget.expired() && !owes_a_range_);
}

std::chrono::duration<double> TableComparison::chunk_time() const {
  return std::chrono::duration<double>(context_.settings.chunk_time);
}

// What was found once stays until it has been read again. That is done first, and on all servers that it is
// about: a repair shows in the next run, however long a pass over the table takes. What does not fit into
// half of the time is first in the next run; and the pass goes on by one range at least.
void TableComparison::recheck_known() {
  std::map<KeyTuple, DriftedRow> batch;
  const auto began = Deadline::Clock::now();
  const Deadline half = Deadline::after(context_.budget.remaining() / 2);
  for (DriftedRow& row : std::exchange(memory_.drift, {})) {
    if (all_here(row) && !half.expired())
      batch.emplace(row.key, std::move(row));
    else
      stale_.push_back(std::move(row));
    if (batch.size() >= Confirmation::max_rows) recheck(std::exchange(batch, {}));
  }
  recheck(std::move(batch));
  owes_a_range_ = context_.budget.expired() && half.when() > began;
}

void TableComparison::recheck(std::map<KeyTuple, DriftedRow> rows) {
  Candidates candidates;
  Confirmed confirmed;
  for (const auto& [key, row] : rows) {
    candidates[key];
    confirmed.unconfirmed.push_back(key);
  }
  if (!candidates.empty() && !time_is_up())
    confirmed = confirmation_.confirm(plan_, context_.hashing, candidates, servers_);
  // What was known goes on being so.
  for (const auto& keys : {std::exchange(confirmed.unconfirmed, {}), std::exchange(confirmed.undecided, {})})
    for (const KeyTuple& key : keys) stale_.push_back(std::move(rows.at(key)));
  take(confirmed);
}

bool TableComparison::all_here(const DriftedRow& row) const {
  return std::all_of(row.on.begin(), row.on.end(), [this](const auto& on) {
    return std::find(servers_.begin(), servers_.end(), on.first) != servers_.end();
  });
}

void TableComparison::compare_whole() {
  guard_.wait(servers_, context_.budget);
  if (time_is_up()) {
    outcome_.whole_differs = memory_.whole_differs;
    return;
  }
  const bool early = is_early();
  const Confirmed confirmed = confirmation_.confirm_whole(plan_, context_.hashing, servers_);
  lose(confirmed.failures);
  // Begun late, it is merely out of time.
  if (!early) stalled_.clear();
  outcome_.whole_differs = !confirmed.drift.empty();
  for (const RowDifference& row : confirmed.drift) {
    const DriftedRow drifted = drifted_row(row, confirmed.servers, context_.fleet.reference());
    for (const auto& [server, kind] : drifted.on) outcome_.whole_differs_on.push_back(server);
  }
  if (!confirmed.unconfirmed.empty() || !confirmed.undecided.empty()) {
    outcome_.whole_differs = memory_.whole_differs;
    note_undecided(confirmed.undecided, early);
    if (!confirmed.undecided.empty()) return;
    outcome_.remarks.push_back(confirmed.failures.empty() && !context_.stop.made()
                                   ? "it has no key and moves: it could not be compared"
                                   : "it has no key and could not be read whole");
    return;
  }
  outcome_.rows_compared = plan_->estimated_rows;
  at_end_ = true;
}

void TableComparison::compare_ranges() {
  while (!time_is_up()) {
    const Deadline until = owes_a_range_ ? Deadline::after(chunk_time()) : context_.budget;
    guard_.wait(servers_, until);
    if (until.expired()) owes_a_range_ = false;
    if (time_is_up()) return;
    const std::optional<KeyRange> range = cut();
    if (!range) return;
    if (!compare(*range)) continue;
    const std::chrono::duration<double> since_saved = Deadline::Clock::now() - saved_;
    const std::chrono::duration<double> patience(
        std::min(between_confirmations, context_.settings.budget * share_between_confirmations));
    if (pool_.size() >= Confirmation::max_rows || since_saved > (pool_.empty() ? between_saves : patience))
      flush();
  }
}

std::optional<KeyRange> TableComparison::cut() {
  if (at_end_) return std::nullopt;
  if (whole_range_) return KeyRange{};
  if (!cutter_) cutter_ = std::make_shared<RangeCutter>(*plan_, at_);
  const std::size_t reference = context_.fleet.reference();
  const bool has_it = std::find(servers_.begin(), servers_.end(), reference) != servers_.end();
  const auto left = owes_a_range_ ? chunk_time() : context_.budget.remaining();
  const std::uint64_t fitting = size_.rows_within(left.count());
  const std::uint64_t rows = differed_ ? std::min(fitting, most_rows_by_blocks) : fitting;
  using Cut = std::optional<KeyRange>;
  const std::vector<std::size_t> one{has_it ? reference : servers_.front()};
  auto replies =
      crew_.ask<Cut>(one, [plan = plan_, cutter = cutter_, rows](std::size_t, mysql::SqlSession& session) {
        return cutter->next(session, rows);
      });
  if (replies[0].value) return std::move(*replies[0].value);
  // Its state is not to be trusted any more.
  cutter_.reset();
  const std::map<std::size_t, Failure> failures{{one[0], *replies[0].failure}};
  if (replies[0].failure->statement_took_too_long() && shrink(failures))
    return time_is_up() ? std::nullopt : cut();
  lose(failures);
  return time_is_up() ? std::nullopt : cut();
}

bool TableComparison::compare(const KeyRange& range) {
  return differed_ && drill_.knows_blocks() ? compare_by_blocks(range) : compare_by_digest(range);
}

bool TableComparison::compare_by_digest(const KeyRange& range) {
  const auto answers = ask_all<ChunkAnswer>(
      crew_, servers_, chunk_digest_sql(*plan_, context_.hashing, range), chunk_answer_from);
  if (answers.took_too_long()) return shrink(answers.failures) ? false : (lose(answers.failures), false);
  lose(answers.failures);
  if (answers.values.size() < 2) return false;
  for (const ChunkAnswer& answer : answers.values)
    if (!answer.ordered && !whole_range_) {
      whole_range_ = true;
      outcome_.remarks.push_back("the servers order its key differently: compared in one piece");
      return false;
    }
  std::uint64_t rows = 0;
  for (const ChunkAnswer& answer : answers.values) rows = std::max(rows, answer.digest.rows);
  drill_.learn(range, rows);
  differed_ = !all_equal(answers.values);
  if (differed_ && !drilled(drill_.rows(range, rows, answers.servers, taker()))) return false;
  finish_range(range, rows, answers.seconds);
  return true;
}

bool TableComparison::compare_by_blocks(const KeyRange& range) {
  const DrillDown::Blocks blocks = drill_.blocks(range, servers_);
  const auto& answers = blocks.answers;
  if (answers.took_too_long()) return shrink(answers.failures) ? false : (lose(answers.failures), false);
  lose(answers.failures);
  if (answers.values.size() < 2) return false;
  const std::uint64_t rows = blocks.rows();
  drill_.learn(range, rows);
  differed_ = blocks.differ();
  if (differed_ && !drilled(drill_.rows_of(range, blocks, taker()))) return false;
  finish_range(range, rows, answers.seconds);
  return true;
}

DrillDown::Take TableComparison::taker() {
  return [this](const auto& found, auto since) { pool(found, since); };
}

bool TableComparison::drilled(const std::map<std::size_t, Failure>& failures) {
  if (failures.empty()) return true;
  for (const auto& [server, failure] : failures)
    if (failure.statement_took_too_long() && shrink(failures)) return false;
  lose(failures);
  // Among those that are left it is read once more.
  cutter_.reset();
  return false;
}

// The server's limit was reached: the range is read again in smaller parts.
bool TableComparison::shrink(const std::map<std::size_t, Failure>& failures) {
  if (size_.smallest() || whole_range_) return false;
  for (const auto& [server, failure] : failures) stalled_[server] = too_slow();
  owes_a_range_ = false;
  size_.shrink();
  cutter_.reset();
  return true;
}

void TableComparison::finish_range(const KeyRange& range, std::uint64_t rows, double seconds) {
  size_.learn(std::max<std::uint64_t>(rows, 1), seconds);
  if (cutter_) cutter_->learn(rows);
  at_ = range.upto;
  at_end_ = range.last();
  owes_a_range_ = false;
  rows_read_ += rows;
  outcome_.rows_compared += rows;
  context_.progress.rows += rows;
}

void TableComparison::lose(const std::map<std::size_t, Failure>& failures) {
  for (const auto& [server, failure] : failures) {
    servers_.erase(std::remove(servers_.begin(), servers_.end(), server), servers_.end());
    if (context_.stop.by_signal()) continue;
    if (context_.stop.made())
      stalled_[server] = too_slow();
    else if (failure.server_is_lost())
      context_.fleet.lose(server, failure);
    else
      outcome_.failures[server] = failure.statement_took_too_long() ? too_slow() : failure;
  }
}

void TableComparison::pool(const std::vector<RowDifference>& rows, Deadline::Clock::time_point since) {
  const double when = std::chrono::duration<double>(since.time_since_epoch()).count();
  const std::vector<std::size_t> servers = servers_;
  for (const RowDifference& row : rows) {
    if (outcome_.drift.names(row.key)) continue;
    Candidate& candidate = pool_[row.key] = {RowSight(context_.fleet.size()), when};
    for (std::size_t i = 0; i < std::min(servers.size(), row.digests.size()); ++i)
      candidate.sight[servers[i]] = row.digests.at(i);
    // Found among servers of which one is lost by now.
    if (row.digests.size() != servers.size()) candidate.sight.clear();
    // A range that differs everywhere must not fill our memory.
    if (pool_.size() < Confirmation::max_rows) continue;
    confirm_pool();
    lost_candidates_ = lost_candidates_ || context_.stop.made();
  }
}

void TableComparison::confirm_pool() {
  const Candidates candidates = std::exchange(pool_, {});
  const bool early = is_early();
  const Confirmed confirmed = confirmation_.confirm(plan_, context_.hashing, candidates, servers_);
  take(confirmed);
  note_undecided(confirmed.undecided, early);
}

void TableComparison::flush() {
  bool confirmed = true;
  if (!pool_.empty()) {
    confirm_pool();
    // What time did not allow to confirm is read again by the next run.
    confirmed = !context_.stop.made();
  }
  save(confirmed && !lost_candidates_);
}

void TableComparison::save(bool verified) {
  saved_ = Deadline::Clock::now();
  // One that time was too short for is the first of the next run.
  memory_.visited = outcome_.undecided.count > 0 ? visited_before_us_ : unix_now();
  if (verified) advance();
  memory_.unnamed = at_end_ ? 0 : unnamed_before_us_ + outcome_.drift.unnamed();
  if (at_end_ && verified) memory_.unnamed_before = unnamed_before_us_ + outcome_.drift.unnamed();
  memory_.whole_differs = outcome_.whole_differs;
  if (rows_read_ > 0) memory_.chunk_rows = size_.rows();
  memory_.drift = stale_;
  memory_.drift.insert(memory_.drift.end(), outcome_.drift.rows().begin(), outcome_.drift.rows().end());
  keep_(memory_);
}

void TableComparison::advance() {
  const double rows = static_cast<double>(rows_before_us_ + rows_read_);
  const double estimate = static_cast<double>(std::max<std::uint64_t>(plan_->estimated_rows, 1));
  // The server's estimate may be far off; only the end is the end.
  const double share = at_end_ ? 1 : std::max(memory_.share, std::min(0.99, rows / estimate));
  const bool by_all = servers_.size() == asked_ && context_.fleet.answering().size() == context_.fleet.size();
  if (by_all) memory_.coverage.add(memory_.share, share, unix_now());
  memory_.share = at_end_ ? 0 : share;
  memory_.rows = at_end_ ? 0 : rows_before_us_ + rows_read_;
  memory_.position = at_end_ ? std::nullopt : at_;
}

// The differing columns of the first rows, for whoever asked by hand.
void TableComparison::read_values() {
  std::vector<KeyTuple> keys;
  for (const DriftedRow& row : outcome_.drift.rows()) keys.push_back(row.key);
  std::sort(keys.begin(), keys.end(), comes_first);
  if (keys.size() > values_shown) keys.resize(values_shown);
  if (keys.empty() || context_.stop.made()) return;
  const auto plan = plan_;
  const auto answers = ask_all<std::vector<RowValues>>(
      crew_, servers_, row_values_sql(*plan_, keys),
      [plan](const mysql::Rows& rows) { return row_values_from(*plan, rows); });
  for (const KeyTuple& key : keys) outcome_.values.push_back(side_by_side(key, answers));
}

std::string TableComparison::side_by_side(const KeyTuple& key,
                                          const Answers<std::vector<RowValues>>& answers) const {
  std::vector<std::pair<std::size_t, const RowValues*>> found;
  std::string text = key_text(*plan_, key) + ":";
  for (std::size_t i = 0; i < answers.values.size(); ++i) {
    const auto& rows = answers.values[i];
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const RowValues& r) { return r.key == key; });
    if (row == rows.end())
      text += " no row on " + context_.fleet.name(answers.servers[i]) + ";";
    else
      found.emplace_back(answers.servers[i], &*row);
  }
  for (std::size_t column = 0; column < plan_->columns.size(); ++column) {
    const auto value = [&](const auto& entry) -> const mysql::Cell& {
      return entry.second->values.at(column);
    };
    const bool same = std::all_of(found.begin(), found.end(),
                                  [&](const auto& entry) { return value(entry) == value(found.front()); });
    if (same && found.size() == answers.values.size()) continue;
    text += " " + plan_->columns[column].name + ":";
    for (const auto& entry : found)
      text += " " + shown_value(plan_->columns[column], value(entry)) + " on " +
              context_.fleet.name(entry.first) + ",";
    text.back() = ';';
  }
  text.pop_back();
  return text;
}

void TableComparison::take(const Confirmed& confirmed) {
  lose(confirmed.failures);
  for (const RowDifference& row : confirmed.drift)
    outcome_.drift.add(drifted_row(row, confirmed.servers, context_.fleet.reference()));
  outcome_.moving.add(confirmed.unconfirmed);
}

bool TableComparison::is_early() const {
  return context_.budget.remaining().count() > context_.settings.budget / 2;
}

// Begun late, they are found again by the next run; begun early, no run would ever be certain.
void TableComparison::note_undecided(const std::vector<KeyTuple>& keys, bool early) {
  outcome_.undecided.add(keys);
  if (!keys.empty() && early && !context_.stop.by_signal()) outcome_.undecided_early = true;
}

}  // namespace evenkeel::table_sync
