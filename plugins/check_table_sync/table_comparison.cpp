#include "table_comparison.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "drift_text.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t values_shown = 10;
constexpr std::chrono::seconds between_saves(2);
// Early enough for what needs the rest of the budget.
constexpr double between_confirmations = 10;  // seconds, or
constexpr double share_between_confirmations = 0.25;
// Blocks of such a range fit into one answer.
constexpr std::uint64_t most_rows_by_blocks = 1'000'000;
// In ranges of which so many rows differ, it is their confirmation that takes time.
constexpr std::size_t many_rows = 500;

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::vector<ChunkDigest> digests_of(const std::vector<ChunkAnswer>& answers) {
  std::vector<ChunkDigest> digests;
  digests.reserve(answers.size());
  for (const ChunkAnswer& answer : answers) digests.push_back(answer.digest);
  return digests;
}

// '' and NULL, and blanks at the end, are to be told apart.
std::string shown_value(const ComparedColumn& column, const mysql::Cell& value) {
  if (!value) return "NULL";
  return column.readable ? "'" + *value + "'" : *value;
}

}  // namespace

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
      size_(context.settings.chunk_time, memory_.chunk_rows / 2),
      findings_(
          context, plan_, drill_, confirmation_, servers_, [this](const auto& failures) { lose(failures); },
          memory_, outcome_) {
  outcome_.plan = plan_;
  at_ = memory_.position;
  visited_before_us_ = memory_.visited;
  rows_before_us_ = memory_.rows;
  // Rows without a name are many: ranges begin small.
  differed_ = memory_.unnamed.total() > 0;
  density_ = differed_ ? 1 : 0;
  early_ = context.budget.remaining().count() > context.settings.budget / 2;
}

TableOutcome TableComparison::run() {
  outcome_.visited = true;
  if (plan_->has_key()) {
    look_at_known();
    compare_ranges();
    flush();
    if (context_.verbosity >= 3) read_values();
  } else {
    compare_whole();
    save(true);
  }
  if (was_kept_from_it()) outcome_.failures.merge(stalled_);
  if (std::string remark = guard_.remark(); !remark.empty()) outcome_.remarks.push_back(std::move(remark));
  outcome_.coverage = memory_.coverage;
  outcome_.finished = at_end_ && verified_;
  count_unnamed();
  return std::move(outcome_);
}

// What the pass has come by, what this run has found behind that, and what an earlier pass knows of the rest.
void TableComparison::count_unnamed() {
  const std::uint64_t beyond = memory_.unnamed.beyond(memory_.rows);
  const std::uint64_t unnamed = memory_.unnamed.total() - beyond + std::max(findings_.unnamed(), beyond);
  outcome_.drift.set_unnamed(unnamed);
  outcome_.at_least = unnamed > 0 && !(at_end_ && verified_);
}

// One that was begun late is merely out of time, and so is one whose known rows or ranges took the time: then
// the servers had little of it to answer in.
bool TableComparison::was_kept_from_it() const {
  return !outcome_.compared && !at_end_ && early_ && waited_ >= context_.settings.long_wait();
}

bool TableComparison::time_is_up() const {
  return context_.stop.made() || servers_.size() < 2 || (context_.budget.expired() && !owes_a_range_);
}

// A repair shows in the next run, however long a pass over the table takes; and the pass goes on by one range
// at least.
void TableComparison::look_at_known() {
  owes_a_range_ = !context_.budget.expired();
  findings_.look_at_known();
}

double TableComparison::seconds_for_range() const {
  const double left = context_.budget.remaining().count();
  return owes_a_range_ ? std::max(left, context_.settings.chunk_time) : left;
}

void TableComparison::compare_whole() {
  guard_.wait(servers_, context_.budget);
  if (time_is_up()) {
    keep_known_whole();
    if (memory_.undecided_whole) outcome_.undecided.add({KeyTuple()});
    outcome_.undecided_again = memory_.undecided_whole;
    outcome_.undecided_held = false;
    return;
  }
  const Confirmed confirmed = confirmation_.confirm_whole(plan_, context_.hashing, servers_);
  lose(confirmed.failures);
  outcome_.compared = confirmed.was_read && confirmed.moving.empty();
  judge_whole(confirmed, early_);
}

// What an earlier run has found stays until it has been read again.
void TableComparison::keep_known_whole() {
  outcome_.whole_differs = memory_.whole_differs;
  outcome_.whole_differs_on = memory_.whole_differs_on;
}

void TableComparison::judge_whole(const Confirmed& confirmed, bool early) {
  const bool was_undecided = std::exchange(memory_.undecided_whole, false);
  outcome_.whole_differs = !confirmed.drift.empty();
  for (const RowDifference& row : confirmed.drift) {
    const DriftedRow drifted = drifted_row(row, confirmed.servers, context_.fleet.reference());
    for (const auto& [server, kind] : drifted.on) outcome_.whole_differs_on.push_back(server);
  }
  if (!confirmed.drift.empty() || !confirmed.equal.empty()) {
    outcome_.rows_compared = confirmed.rows;
    at_end_ = true;
    return;
  }
  keep_known_whole();
  if (!confirmed.moving.empty()) {
    outcome_.moving.add({KeyTuple()});
    outcome_.remarks.emplace_back("it has no key and moves: it could not be compared");
  } else if (!confirmed.undecided.empty() && confirmed.was_read) {
    memory_.undecided_whole = true;
    outcome_.undecided.add(confirmed.undecided);
    outcome_.undecided_held = confirmed.held_still;
    outcome_.undecided_again = was_undecided;
    outcome_.undecided_early = early && !context_.stop.by_signal();
  } else {
    memory_.undecided_whole = was_undecided;
    outcome_.remarks.emplace_back("it has no key and could not be read whole");
  }
}

void TableComparison::compare_ranges() {
  while (!time_is_up()) {
    const Deadline until = Deadline::after(std::chrono::duration<double>(seconds_for_range()));
    guard_.wait(servers_, until);
    if (until.expired()) owes_a_range_ = false;
    if (time_is_up()) return;
    const std::optional<KeyRange> range = cut();
    if (!range) return;
    if (!compare(*range)) continue;
    const std::chrono::duration<double> since_saved = Deadline::Clock::now() - saved_;
    const std::chrono::duration<double> patience(
        std::min(between_confirmations, context_.settings.budget * share_between_confirmations));
    if (findings_.is_full() || since_saved > (findings_.empty() ? between_saves : patience)) flush();
  }
}

std::optional<KeyRange> TableComparison::cut() {
  if (at_end_) return std::nullopt;
  if (whole_range_) return KeyRange{};
  if (!cutter_) cutter_ = std::make_shared<RangeCutter>(*plan_, at_);
  const std::size_t reference = context_.fleet.reference();
  const bool has_it = std::find(servers_.begin(), servers_.end(), reference) != servers_.end();
  const std::uint64_t rows = rows_wanted();
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

std::uint64_t TableComparison::rows_wanted() const {
  const std::uint64_t fitting = size_.rows_within(seconds_for_range());
  if (!differed_) return fitting;
  const double confirmable = static_cast<double>(findings_.room()) / std::max(density_, 1e-6);
  return std::min({fitting, most_rows_by_blocks, static_cast<std::uint64_t>(confirmable)});
}

bool TableComparison::compare(const KeyRange& range) {
  too_many_ = false;
  return differed_ && drill_.knows_blocks() ? compare_by_blocks(range) : compare_by_digest(range);
}

bool TableComparison::compare_by_digest(const KeyRange& range) {
  const auto answers = ask_all<ChunkAnswer>(
      crew_, servers_, chunk_digest_sql(*plan_, context_.hashing, range), chunk_answer_from);
  if (answers.took_too_long()) return shrink(answers.failures) ? false : (lose(answers.failures), false);
  lose(answers.failures);
  if (answers.values.size() < 2) return false;
  outcome_.compared = true;
  for (const ChunkAnswer& answer : answers.values)
    if (!answer.ordered && !whole_range_) {
      whole_range_ = true;
      outcome_.remarks.push_back("the servers order its key differently: compared in one piece");
      return false;
    }
  std::uint64_t rows = 0;
  for (const ChunkAnswer& answer : answers.values) rows = std::max(rows, answer.digest.rows);
  drill_.learn(range, rows);
  const std::vector<ChunkDigest> digests = digests_of(answers.values);
  differed_ = !all_equal(digests);
  if (differed_ && !drilled(drill_.rows(range, digests, answers.servers, taker()))) return false;
  finish_range(range, rows, answers.seconds);
  return true;
}

bool TableComparison::compare_by_blocks(const KeyRange& range) {
  const DrillDown::Blocks blocks = drill_.blocks(range, servers_);
  const auto& answers = blocks.answers;
  if (answers.took_too_long()) return shrink(answers.failures) ? false : (lose(answers.failures), false);
  lose(answers.failures);
  if (answers.values.size() < 2) return false;
  outcome_.compared = true;
  const std::uint64_t rows = blocks.rows();
  drill_.learn(range, rows);
  differed_ = blocks.differ();
  if (differed_ && !drilled(drill_.rows_of(range, blocks, taker()))) return false;
  finish_range(range, rows, answers.seconds);
  return true;
}

DrillDown::Take TableComparison::taker() {
  return [this](const auto& found, auto since) {
    too_many_ = too_many_ || !findings_.stage(found, since, in_one_piece());
    return !too_many_;
  };
}

bool TableComparison::drilled(const std::map<std::size_t, Failure>& failures) {
  if (failures.empty() && !too_many_) return true;
  findings_.drop_staged();
  if (failures.empty()) {
    cut_smaller();
    return false;
  }
  for (const auto& [server, failure] : failures)
    if (failure.statement_took_too_long() && shrink(failures)) return false;
  lose(failures);
  // Among those that are left it is read once more.
  cutter_.reset();
  return false;
}

// As if all rows differed from here on; what has gathered so far is confirmed first.
void TableComparison::cut_smaller() {
  density_ = std::max(1.0, density_ * 2);
  ++cuts_;
  cutter_.reset();
  if (!findings_.empty()) flush();
}

// The server's limit was reached: the range is read again in smaller parts. Servers that failed for another
// reason are not asked again.
bool TableComparison::shrink(const std::map<std::size_t, Failure>& failures) {
  std::map<std::size_t, Failure> others;
  for (const auto& [server, failure] : failures)
    if (!failure.statement_took_too_long()) others.emplace(server, failure);
  lose(others);
  if (size_.smallest() || whole_range_) return false;
  for (const auto& [server, failure] : failures)
    if (!others.contains(server)) stalled_[server] = Failure::too_slow();
  waited_ += context_.settings.statement_seconds();
  owes_a_range_ = false;
  size_.shrink();
  cutter_.reset();
  return true;
}

void TableComparison::finish_range(const KeyRange& range, std::uint64_t rows, double seconds) {
  size_.learn(std::max<std::uint64_t>(rows, 1), seconds);
  if (cutter_) cutter_->learn(rows);
  density_ = findings_.staged() < many_rows ? 0
                                            : static_cast<double>(findings_.staged()) /
                                                  static_cast<double>(std::max<std::uint64_t>(rows, 1));
  findings_.keep_staged();
  cuts_ = 0;
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
    if (failure.loses_server(context_.stop)) {
      context_.fleet.lose(server, failure);
    } else if (context_.stop.made()) {
      // The one that others kept waiting for is not to blame.
      if (failure.waited < waited_ / 2) continue;
      if (failure.waited / 2 > waited_) stalled_.clear();
      stalled_[server] = Failure::too_slow();
      waited_ = std::max(waited_, failure.waited);
    } else {
      outcome_.failures[server] = failure.statement_took_too_long() ? Failure::too_slow() : failure;
    }
  }
}

void TableComparison::flush() {
  // What is not certain is read again by the next run, and so is all that is behind it.
  if (!findings_.empty()) verified_ = findings_.confirm() && verified_;
  save(verified_);
}

void TableComparison::save(bool verified) {
  saved_ = Deadline::Clock::now();
  // One that time was too short for is the first of the next run.
  const bool again = outcome_.undecided.count > 0 || !outcome_.doubtful.empty() || !outcome_.compared;
  memory_.visited = again ? visited_before_us_ : unix_now();
  if (verified) advance();
  memory_.whole_differs = outcome_.whole_differs;
  memory_.whole_differs_on = outcome_.whole_differs_on;
  if (rows_read_ > 0) memory_.chunk_rows = size_.rows();
  findings_.write_to(memory_);
  keep_(memory_);
}

void TableComparison::advance() {
  // Once the pass has ended, its position is that of the next one.
  if (pass_ended_) return;
  pass_ended_ = at_end_;
  if (rows_read_ == 0 && !at_end_) return;
  const double rows = static_cast<double>(rows_before_us_ + rows_read_);
  const double estimate = static_cast<double>(std::max<std::uint64_t>(plan_->estimated_rows, 1));
  // The server's estimate may be far off; only the end is the end.
  const double share = at_end_ ? 1 : std::max(memory_.share, std::min(0.99, rows / estimate));
  const bool by_all = servers_.size() == asked_ && context_.fleet.answering().size() == context_.fleet.size();
  if (by_all) memory_.coverage.add(memory_.share, share, unix_now());
  memory_.share = at_end_ ? 0 : share;
  // Counts and position go together.
  const std::uint64_t read = rows_before_us_ + rows_read_;
  memory_.unnamed.replace(memory_.rows, read, findings_.take_unnamed());
  findings_.pass_by_owed();
  if (at_end_) memory_.unnamed.end_at(read);
  memory_.rows = at_end_ ? 0 : read;
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

}  // namespace evenkeel::table_sync
