#include "table_findings.h"

#include <algorithm>
#include <utility>

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t least_room = 500;
constexpr std::size_t first_batch = 1000;  // tells how long the others will take
// Of what is left until the run ends.
constexpr double share_to_confirm = 0.5;

double seconds_of(Deadline::Clock::time_point when) {
  return std::chrono::duration<double>(when.time_since_epoch()).count();
}

}  // namespace

TableOutcome remembered(std::shared_ptr<const ComparisonPlan> plan, const TableMemory& memory) {
  TableOutcome outcome;
  outcome.plan = std::move(plan);
  for (const DriftedRow& row : memory.drift) outcome.drift.add(row);
  outcome.drift.set_unnamed(memory.unnamed.total());
  outcome.at_least = memory.unnamed.total() > 0 && memory.position;
  outcome.whole_differs = memory.whole_differs;
  outcome.whole_differs_on = memory.whole_differs_on;
  outcome.undecided.add(memory.undecided);
  if (memory.undecided_whole) outcome.undecided.add({KeyTuple()});
  outcome.undecided_again = outcome.undecided.count > 0;
  outcome.undecided_held = false;
  outcome.unexplained = memory.doubtful;
  outcome.coverage = memory.coverage;
  return outcome;
}

TableFindings::TableFindings(ComparisonContext& context, std::shared_ptr<const ComparisonPlan> plan,
                             DrillDown& drill, Confirmation& confirmation,
                             const std::vector<std::size_t>& servers, Lose lose, TableMemory& memory,
                             TableOutcome& outcome)
    : context_(context),
      plan_(std::move(plan)),
      drill_(drill),
      confirmation_(confirmation),
      servers_(servers),
      lose_(std::move(lose)),
      memory_(memory),
      outcome_(outcome) {
  for (const DriftedRow& row : memory_.drift) outcome_.drift.add(row);
}

void TableFindings::look_at_known() {
  look_at_undecided();
  look_at_doubtful();
  look_at_drift();
}

void TableFindings::look_at_undecided() {
  const std::vector<KeyTuple> keys = std::exchange(memory_.undecided, {});
  if (keys.empty()) return;
  if (time_is_up() || context_.budget.expired()) {
    memory_.undecided = keys;
    outcome_.undecided.add(keys);
    outcome_.undecided_held = false;
    outcome_.undecided_again = true;
    return;
  }
  for (const KeyTuple& key : keys) pool_[key];
  confirm_pool(is_early());
  // Those without a name are counted where the pass comes to them.
  unnamed_ = 0;
  count_passed({memory_.passed_by.begin(), memory_.passed_by.end()});
  const auto still_owed = [&](const KeyTuple& key) { return owed_.contains(key); };
  outcome_.undecided_again = std::any_of(keys.begin(), keys.end(), still_owed);
}

// The pass does not come to these any more.
void TableFindings::count_passed(const std::set<KeyTuple>& passed) {
  for (const KeyTuple& key : nameless_)
    if (passed.contains(key)) memory_.unnamed.add_before(memory_.rows);
  std::erase_if(memory_.passed_by, [this](const KeyTuple& key) { return !owed_.contains(key); });
}

// Those that the pass goes past although nothing is certain of them yet.
void TableFindings::pass_by_owed() {
  const std::set<KeyTuple> known(memory_.passed_by.begin(), memory_.passed_by.end());
  for (const KeyTuple& key : std::exchange(passed_owed_, {}))
    if (!known.contains(key)) memory_.passed_by.push_back(key);
}

void TableFindings::look_at_doubtful() {
  const std::vector<KeyRange> ranges = std::exchange(memory_.doubtful, {});
  if (time_is_up() || context_.budget.expired()) {
    for (const KeyRange& range : ranges) add_unexplained(range);
    return;
  }
  for (const KeyRange& range : ranges) doubts_.push_back({.range = range});
  const std::size_t before = outcome_.doubtful.size();
  confirm();
  // Rows without a name are counted where the pass comes to them.
  unnamed_ = unnamed_before_range_ = 0;
  // An earlier run was not certain of them either.
  outcome_.unexplained.insert(outcome_.unexplained.end(),
                              outcome_.doubtful.begin() + static_cast<std::ptrdiff_t>(before),
                              outcome_.doubtful.end());
  outcome_.doubtful.resize(before);
}

// On all servers that it is about: a repair shows in the next run, however long a pass over the table takes.
// What does not fit into half of the time is first in the next run.
void TableFindings::look_at_drift() {
  const Deadline half = Deadline::after(context_.budget.remaining() / 2);
  std::size_t most = confirmable_in(half.remaining().count());
  std::vector<DriftedRow> batch;
  for (const DriftedRow& row : memory_.drift) {
    if (half.expired() || time_is_up()) return;
    if (!all_here(row) || !outcome_.drift.names(row.key)) continue;
    batch.push_back(row);
    if (batch.size() < most) continue;
    recheck(std::exchange(batch, {}));
    most = confirmable_in(half.remaining().count());
  }
  if (!batch.empty() && !half.expired() && !time_is_up()) recheck(batch);
}

void TableFindings::recheck(const std::vector<DriftedRow>& rows) {
  Candidates candidates;
  for (const DriftedRow& row : rows) candidates[row.key];
  const auto began = Deadline::Clock::now();
  const Confirmed confirmed = confirmation_.confirm(plan_, context_.hashing, candidates, servers_);
  learn(rows.size(), confirmed.hold, began);
  // What is not certain now goes on being what it was.
  for (const RowDifference& row : confirmed.drift) looked_at_.insert(row.key);
  for (const KeyTuple& key : confirmed.equal) outcome_.drift.remove(key);
  take(confirmed);
}

bool TableFindings::all_here(const DriftedRow& row) const {
  return std::all_of(row.on.begin(), row.on.end(), [this](const auto& on) {
    return std::find(servers_.begin(), servers_.end(), on.first) != servers_.end();
  });
}

bool TableFindings::stage(const std::vector<RowDifference>& rows, Deadline::Clock::time_point since,
                          bool in_one_piece) {
  for (const RowDifference& row : rows) {
    if (owed_.contains(row.key)) staged_owed_.insert(row.key);
    if (outcome_.drift.names(row.key) || owed_.contains(row.key)) continue;
    Candidate& candidate = staged_[row.key] = {RowSight(context_.fleet.size()), seconds_of(since)};
    for (std::size_t i = 0; i < std::min(servers_.size(), row.digests.size()); ++i)
      candidate.sight[servers_[i]] = row.digests.at(i);
    // Found among servers of which one is lost by now.
    if (row.digests.size() != servers_.size()) candidate.sight.clear();
    if (staged_.size() < std::min(2 * room(), Confirmation::max_rows)) continue;
    if (!in_one_piece) return false;
    pool_staged();
    certain_ = confirm_pool(is_early()) && certain_;
  }
  return true;
}

void TableFindings::keep_staged() {
  pool_staged();
  passed_owed_.merge(staged_owed_);
  staged_owed_.clear();
  unnamed_before_range_ = unnamed_;
}

void TableFindings::pool_staged() {
  for (auto& [key, candidate] : std::exchange(staged_, {})) pool_[key] = std::move(candidate);
  for (Doubt& doubt : drill_.take_doubts()) doubts_.push_back(std::move(doubt));
}

void TableFindings::drop_staged() {
  staged_.clear();
  staged_owed_.clear();
  drill_.take_doubts();
  unnamed_ = unnamed_before_range_;
}

std::size_t TableFindings::room() const {
  return confirmable_in(context_.stop.latest().remaining().count() * share_to_confirm);
}

std::size_t TableFindings::confirmable_in(double seconds) const {
  if (!seconds_per_row_) return first_batch;
  const double rows = std::clamp((seconds - seconds_fixed_) / *seconds_per_row_, 0.0,
                                 static_cast<double>(Confirmation::max_rows));
  return std::max(static_cast<std::size_t>(rows), least_room);
}

void TableFindings::learn(std::size_t rows, double hold, Deadline::Clock::time_point began) {
  const double seconds = std::chrono::duration<double>(Deadline::Clock::now() - began).count();
  if (hold > 0) seconds_fixed_ = hold;
  if (rows < least_room)
    seconds_fixed_ = std::max(seconds, hold);
  else
    seconds_per_row_ =
        std::max(1e-5, (seconds - std::min(seconds_fixed_, seconds / 2)) / static_cast<double>(rows));
}

bool TableFindings::confirm() {
  const bool early = is_early();
  bool certain = confirm_pool(early);
  certain = settle_doubts() && certain;
  certain = confirm_pool(early) && certain;
  judge_held(std::exchange(held_, {}));
  unnamed_before_range_ = unnamed_;
  return std::exchange(certain_, true) && certain;
}

bool TableFindings::confirm_pool(bool early) {
  const Candidates candidates = std::exchange(pool_, {});
  if (candidates.empty()) return true;
  const auto began = Deadline::Clock::now();
  const Confirmed confirmed = confirmation_.confirm(plan_, context_.hashing, candidates, servers_);
  learn(candidates.size(), confirmed.hold, began);
  take(confirmed);
  outcome_.moving.add(confirmed.moving);
  equal_.insert(confirmed.equal.begin(), confirmed.equal.end());
  told_.insert(confirmed.moving.begin(), confirmed.moving.end());
  told_.insert(confirmed.undecided.begin(), confirmed.undecided.end());
  told_.insert(confirmed.blocked.begin(), confirmed.blocked.end());
  for (const RowDifference& row : confirmed.drift) told_.insert(row.key);
  const bool kept = keep_open(confirmed, early);
  // What time did not allow to confirm is read again by the next run.
  return kept && !context_.stop.made();
}

bool TableFindings::keep_open(const Confirmed& confirmed, bool early) {
  outcome_.undecided.add(confirmed.undecided);
  outcome_.blocked.add(confirmed.blocked);
  if (!confirmed.undecided.empty()) {
    outcome_.undecided_held = outcome_.undecided_held && confirmed.held_still;
    // Begun late, it is merely out of time; begun early, no run would ever be certain.
    if (early && !context_.stop.by_signal()) outcome_.undecided_early = true;
  }
  owed_.insert(confirmed.undecided.begin(), confirmed.undecided.end());
  owed_.insert(confirmed.blocked.begin(), confirmed.blocked.end());
  const bool first = memory_.keep_undecided(confirmed.undecided);
  return memory_.keep_undecided(confirmed.blocked) && first;
}

bool TableFindings::settle_doubts() {
  const std::vector<Doubt> doubts = std::exchange(doubts_, {});
  if (doubts.empty()) return true;
  SettledDoubts settled = settle(doubts, drill_, confirmation_, plan_, context_.hashing, servers_);
  lose_(settled.failures);
  for (SettledDoubts::Held& held : settled.held) {
    pool_new(held.rows);
    held_.push_back(std::move(held));
  }
  pool_new(settled.rows);
  for (const KeyRange& range : settled.moving)
    outcome_.remarks.push_back(range_text(*plan_, range) +
                               " differ and move: no row of them differed when read");
  for (const KeyRange& range : settled.undecided) {
    outcome_.doubtful.push_back(range);
    if (memory_.doubtful.size() < TableMemory::max_doubtful) memory_.doubtful.push_back(range);
  }
  return settled.undecided.empty();
}

void TableFindings::judge_held(const std::vector<SettledDoubts::Held>& held) {
  for (const SettledDoubts::Held& part : held) {
    const bool explained =
        part.explained && std::any_of(part.rows.begin(), part.rows.end(),
                                      [this](const KeyTuple& key) { return !equal_.contains(key); });
    if (!explained) add_unexplained(part.range);
  }
  equal_.clear();
  told_.clear();
}

// Those of which this confirmation knows nothing yet.
void TableFindings::pool_new(const std::vector<KeyTuple>& keys) {
  for (const KeyTuple& key : keys)
    if (!told_.contains(key) && !outcome_.drift.names(key)) pool_[key];
}

// Beyond so many, the last one grows: ranges come in the order of the table.
void TableFindings::add_unexplained(const KeyRange& range) {
  outcome_.unexplained.push_back(range);
  if (memory_.doubtful.size() < TableMemory::max_doubtful)
    memory_.doubtful.push_back(range);
  else
    memory_.doubtful.back().upto = range.upto;
}

void TableFindings::take(const Confirmed& confirmed) {
  lose_(confirmed.failures);
  nameless_.clear();
  for (const RowDifference& row : confirmed.drift) {
    const std::uint64_t before = outcome_.drift.unnamed();
    outcome_.drift.add(drifted_row(row, confirmed.servers, context_.fleet.reference()));
    looked_at_.insert(row.key);
    if (outcome_.drift.unnamed() > before) nameless_.push_back(row.key);
    unnamed_ += outcome_.drift.unnamed() - before;
  }
}

void TableFindings::write_to(TableMemory& memory) const {
  std::vector<DriftedRow> first, last;
  for (const DriftedRow& row : outcome_.drift.rows())
    (looked_at_.contains(row.key) ? last : first).push_back(row);
  memory.drift = std::move(first);
  memory.drift.insert(memory.drift.end(), last.begin(), last.end());
}

bool TableFindings::is_early() const {
  return context_.budget.remaining().count() > context_.settings.budget / 2;
}

}  // namespace evenkeel::table_sync
