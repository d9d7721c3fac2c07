#include "sync_report.h"

#include <algorithm>
#include <cmath>

#include "condition_trouble.h"
#include "doubt.h"
#include "drift_text.h"
#include "evenkeel/mysql/grants.h"
#include "evenkeel/text.h"
#include "missing_values.h"

namespace evenkeel::table_sync {

namespace {

// std::ceil() is a function of libm's wherever the compiler does not expand it, and the one in the static
// libm asks for symbols that only a static libc has.
double rounded_up(double value) {
  const double whole = static_cast<double>(static_cast<long long>(value));
  return whole < value ? whole + 1 : whole;
}

constexpr std::size_t keys_in_line = 3;
constexpr std::size_t keys_in_fact = 50;
constexpr std::size_t tables_in_remark = 5;
constexpr std::size_t most_facts = 200;
constexpr std::size_t ranges_in_line = 2;

bool is_denied(int code) { return code == 1142 || code == 1143 || code == 1044; }

class Judging {
 public:
  Judging(const SyncReading& reading, const Settings& settings, const RunContext& context)
      : reading_(reading), settings_(settings), context_(context) {
    for (const ServerReading& server : reading.servers) names_.push_back(server.name);
  }

  Report report() {
    report_.set_target_count(reading_.servers.size());
    count();
    for (const ServerReading& server : reading_.servers) judge_server(server);
    for (const HiddenDatabase& hidden : reading_.hidden) judge_hidden(hidden);
    for (const TableReading& table : reading_.tables) judge_table(table);
    for (const UnmatchedName& name : reading_.unmatched) say_unmatched(report_, "", name);
    measure();
    explain_missing();
    add_remarks();
    summarise();
    return std::move(report_);
  }

 private:
  void count() {
    for (const TableReading& table : reading_.tables) {
      if (table.gone) continue;
      const TableOutcome& outcome = table.outcome;
      rows_differing_ += outcome.drift.count();
      if (!is_whole(table))
        rows_unconfirmed_ += outcome.moving.count + outcome.blocked.count + outcome.undecided.count;
      rows_compared_ += outcome.rows_compared;
      open_questions_ = open_questions_ || outcome.undecided.count > 0 || outcome.moving.count > 0 ||
                        outcome.blocked.count > 0 || !outcome.unexplained.empty() ||
                        !outcome.doubtful.empty();
      ++tables_;
      if (outcome.compared) ++tables_compared_;
      const bool missing = !table.definition.missing_on.empty() && !is_nowhere(table);
      missing_ = missing_ || missing;
      if (outcome.drift.count() > 0 || outcome.whole_differs || missing) ++tables_differing_;
      weight_ += table.weight;
      covered_ += table.weight * outcome.coverage.covered();
      all_covered_ = all_covered_ && outcome.coverage.covered() >= 1;
      if (const auto oldest = outcome.coverage.oldest())
        oldest_ = std::min(oldest_.value_or(*oldest), *oldest);
      if (is_known(outcome)) ++tables_known_;
    }
    rows_verdict_ = context_.limits.of("rows_differing").judge(static_cast<double>(rows_differing_));
    tables_verdict_ = context_.limits.of("tables_differing").judge(static_cast<double>(tables_differing_));
  }

  void judge_server(const ServerReading& server) {
    report_.trace_steps(server.name, server.steps);
    if (!server.version.empty()) report_.fact("server " + server.name, server.version);
    if (server.failure)
      report_.add(status_of(server.failure->fault, context_.timeout_state), server.name,
                  server.failure->text);
    else if (server.not_applying)
      report_.add(Status::unknown, server.name, *server.not_applying);
  }

  void judge_table(const TableReading& table) {
    const std::string name = table.table.text();
    judge_missing(table);
    for (const auto& [server, grant] : table.denied)
      if (!is_hidden(server, table.table.database))
        report_.add(Status::unknown, names_[server], name + ": privilege missing: " + grant);
    for (const auto& [server, text] : table.doubts)
      report_.add(Status::unknown, names_[server], name + ": " + text);
    judge_condition(table);
    judge_drift(table);
    for (const auto& [server, failure] : table.outcome.failures) {
      const ComparisonPlan* const plan = table.outcome.plan.get();
      if (plan != nullptr && !plan->where.empty() && is_expression_error(failure.code)) {
        report_.add(Status::unknown, names_[server], condition_error_text(failure.code, failure.text, *plan));
        report_.trace(name, failure.text);
        continue;
      }
      const std::string help = is_denied(failure.code)
                                   ? "; " + mysql::grant_for_table(table.table.sql(), mysql::some_account)
                                   : "";
      report_.add(status_of(failure.fault, context_.timeout_state), names_[server],
                  name + ": " + failure.text + help);
    }
    judge_definition(table);
    for (const std::string& line : table.outcome.values) report_.trace(name, line);
    for (const std::string& remark : table.definition.remarks) remarks_[remark].push_back(name);
    for (const std::string& remark : table.outcome.remarks) remarks_[remark].push_back(name);
    judge_restless(table);
    judge_undecided(table);
    judge_doubtful(table);
    if (table.outcome.moving.count > 0 && !is_whole(table))
      remarks_["rows that move: " + name + keys_of(table, table.outcome.moving)];
    if (table.outcome.blocked.count > 0 && !is_whole(table))
      remarks_["rows that differ while a server cannot be compared: " + name +
               keys_of(table, table.outcome.blocked)];
    if (report_.facts().size() < most_facts && table.outcome.plan) add_fact(table);
  }

  // Servers that all lack a table do not differ in it, and yet it was to be there; a name in another case was
  // not meant.
  void judge_missing(const TableReading& table) {
    const std::string text = "the table " + table.table.text() + " is missing";
    if (!is_nowhere(table)) {
      for (const std::size_t server : table.definition.missing_on)
        report_.add(Status::critical, names_[server], text);
      return;
    }
    report_.add(table.called.empty() ? Status::critical : Status::unknown, "",
                text + (table.definition.missing_on.size() > 1 ? " on all servers" : "") +
                    (table.called.empty() ? "" : "; there is " + table.called));
  }

  // Every server that can tell lacks it.
  bool is_nowhere(const TableReading& table) const {
    return !table.definition.missing_on.empty() && !table.definition.plan && table.denied.empty() &&
           table.outcome.failures.empty() && table.unsettled.empty() &&
           table.definition.missing_on.size() == answering();
  }

  std::size_t answering() const {
    return static_cast<std::size_t>(std::count_if(reading_.servers.begin(), reading_.servers.end(),
                                                  [](const ServerReading& s) { return !s.failure; }));
  }

  // Once where all servers say the same; a syntax error once for all tables.
  void judge_condition(const TableReading& table) {
    std::map<std::string, std::vector<std::size_t>> servers;
    for (const auto& [server, text] : table.condition) servers[text].push_back(server);
    for (const auto& [text, where] : servers) {
      if (!condition_told_.insert(text).second) continue;
      const bool one = where.size() == 1 && servers_of(table).size() > 1;
      report_.add(Status::unknown, one ? names_[where.front()] : "", text);
    }
  }

  void judge_hidden(const HiddenDatabase& hidden) {
    const std::string& server = names_[hidden.server];
    if (hidden.missing && settings_.definition == Status::ok)
      report_.remark(server + ": " + hidden.text);
    else
      report_.add(hidden.missing ? settings_.definition : Status::unknown, server, hidden.text);
  }

  // What is said of the database need not be said of each of its tables.
  bool is_hidden(std::size_t server, const std::string& database) const {
    return std::any_of(reading_.hidden.begin(), reading_.hidden.end(), [&](const HiddenDatabase& hidden) {
      return hidden.server == server && hidden.database == database;
    });
  }

  // The same account has the same rights on most servers.
  void remark_visibility() {
    std::map<std::string, std::vector<std::string>> servers;
    for (const ServerReading& server : reading_.servers)
      if (!server.visible.empty()) servers[server.visible].push_back(server.name);
    for (const auto& [text, names] : servers) report_.remark(joined(names) + ": " + text);
  }

  void judge_definition(const TableReading& table) {
    for (const DefinitionDifference& difference : table.definition.differences) {
      const std::string& server = names_[difference.server];
      const std::string text = table.table.text() + ": " + difference.text;
      if (settings_.definition == Status::ok)
        report_.remark(server + ": " + text);
      else
        report_.add(settings_.definition, server, text);
    }
  }

  void judge_drift(const TableReading& table) {
    const TableOutcome& outcome = table.outcome;
    const std::string name = table.table.text() + ": ";
    if (outcome.whole_differs) {
      std::vector<std::string> who;
      for (const std::size_t server : outcome.whole_differs_on) who.push_back(names_[server]);
      report_.add(
          tables_verdict_, "",
          name +
              (who.empty() ? "the servers differ" : joined(who) + (who.size() > 1 ? " differ" : " differs")) +
              " (no key: compared in one piece, no rows named)");
    }
    if (outcome.drift.count() == 0) return;
    const auto text = [&](std::size_t keys) {
      return drift_text(*outcome.plan, outcome.drift, names_, servers_of(table), keys, outcome.at_least);
    };
    report_.add(worse_of(rows_verdict_, tables_verdict_), "", name + text(keys_in_line));
    if (report_.facts().size() < most_facts)
      report_.fact("rows of " + table.table.text(), text(keys_in_fact));
  }

  // No alert of its own where time was short; where it was not, this check would never tell.
  void judge_undecided(const TableReading& table) {
    const TableOutcome& outcome = table.outcome;
    if (outcome.undecided.count == 0) return;
    const char* verb = outcome.undecided_held ? (outcome.undecided.count == 1 ? " differs and held still"
                                                                              : " differ and held still")
                                              : " differed when last read";
    const std::string what =
        is_whole(table) ? "the servers differ (no key: compared in one piece)"
                        : counted(outcome.undecided.count, "row") + verb + keys_of(table, outcome.undecided);
    const std::string text = table.table.text() + ": " + what + ", but time ran out before it was certain";
    if (outcome.undecided_early || outcome.undecided_again || !reading_.keeps_state)
      report_.add(Status::unknown, "",
                  text + ": raise -t and --budget, or see why servers are slow to catch up");
    else
      report_.remark(text + "; the next run looks at it first");
  }

  // No alert of its own for as long as an earlier run's word is fresh.
  void judge_restless(const TableReading& table) {
    if (!table.restless || table.outcome.compared) return;
    const double age = unix_now() - table.verified;
    if (age <= longest_unverified) return;
    report_.add(Status::unknown, "",
                table.table.text() + ": it was changed again and again and could not be compared: " +
                    (table.verified > 0 ? "the last time was " + format_seconds(rounded_up(age)) + " ago"
                                        : "nothing is known of it"));
  }

  // Checksums that differ without a row that explains it.
  void judge_doubtful(const TableReading& table) {
    const TableOutcome& outcome = table.outcome;
    const std::string name = table.table.text() + ": ";
    if (!outcome.unexplained.empty())
      report_.add(Status::unknown, "",
                  name + ranges_of(table, outcome.unexplained) + " differ and no row explains it");
    if (outcome.doubtful.empty()) return;
    const std::string text = name + ranges_of(table, outcome.doubtful) +
                             " differed and no row explained it, but time ran out before it was certain";
    if (reading_.keeps_state)
      report_.remark(text + "; the next run looks at it first");
    else
      report_.add(Status::unknown, "", text + ": raise -t and --budget");
  }

  static std::string ranges_of(const TableReading& table, const std::vector<KeyRange>& ranges) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < std::min(ranges.size(), ranges_in_line); ++i)
      texts.push_back(range_text(*table.outcome.plan, ranges[i]));
    if (ranges.size() > texts.size()) texts.emplace_back("…");
    return joined(texts);
  }

  // By this run or an earlier one.
  static bool is_known(const TableOutcome& outcome) {
    return outcome.compared || outcome.coverage.covered() > 0 || outcome.drift.count() > 0 ||
           outcome.whole_differs;
  }

  static bool is_whole(const TableReading& table) {
    return table.outcome.plan && !table.outcome.plan->has_key();
  }

  static std::string keys_of(const TableReading& table, const SomeRows& rows) {
    return " (" + keys_text(*table.outcome.plan, rows.first, rows.count) + ")";
  }

  std::vector<std::size_t> servers_of(const TableReading& table) const {
    std::vector<std::size_t> servers;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto& missing = table.definition.missing_on;
      const bool has_it = std::find(missing.begin(), missing.end(), i) == missing.end();
      if (has_it && !reading_.servers[i].failure && !table.denied.contains(i) &&
          !table.outcome.failures.contains(i))
        servers.push_back(i);
    }
    return servers;
  }

  void add_fact(const TableReading& table) {
    const TableOutcome& outcome = table.outcome;
    std::string text = counted(outcome.rows_compared, "row") + " compared, " +
                       format_number(outcome.coverage.covered() * 100, 1) + " % covered";
    if (const auto oldest = outcome.coverage.oldest())
      text += ", verified within " + format_seconds(rounded_up(std::max(0.0, unix_now() - *oldest)));
    report_.fact("table " + table.table.text(), text);
  }

  bool definitions_differ() const {
    return std::any_of(reading_.tables.begin(), reading_.tables.end(),
                       [](const TableReading& table) { return !table.definition.differences.empty(); });
  }

  double coverage() const {
    if (reading_.tables.empty()) return 0;
    const double share = weight_ > 0 ? covered_ / weight_ * 100 : 0;
    // 100 is a promise.
    return all_covered_ ? 100 : std::min(std::floor(share * 10) / 10, 99.9);
  }

  void measure() {
    // What nothing was compared for has no value: 0 would say that it is in order.
    const bool known = tables_known_ > 0;
    const auto if_known = [](bool is, double value) { return is ? std::optional(value) : std::nullopt; };
    report_.record(
        {.name = "rows_differing", .value = if_known(known, static_cast<double>(rows_differing_)), .min = 0},
        context_.limits);
    report_.record({.name = "tables_differing",
                    .value = if_known(known || missing_, static_cast<double>(tables_differing_)),
                    .min = 0},
                   context_.limits);
    report_.measure(
        {.name = "rows_unconfirmed",
         .value = if_known(known || rows_unconfirmed_ > 0, static_cast<double>(rows_unconfirmed_)),
         .min = 0},
        context_.limits);
    report_.measure({.name = "rows_compared",
                     .value = if_known(tables_compared_ > 0, static_cast<double>(rows_compared_)),
                     .min = 0},
                    context_.limits);
    report_.measure(
        {.name = "coverage", .value = if_known(known, coverage()), .unit = "%", .min = 0, .max = 100},
        context_.limits);
    std::optional<double> age;
    if (oldest_) age = std::floor(std::max(0.0, unix_now() - *oldest_));
    report_.measure({.name = "oldest_verified", .value = age, .unit = "s", .min = 0}, context_.limits);
    report_.fact("reference", names_[reading_.reference]);
  }

  void explain_missing() {
    if (tables_known_ > 0) {
      add_missing_values(report_, context_.limits, "this run compared nothing");
      add_unverified_tables(report_, context_.limits, reading_);
    } else if (!is_told(report_, reading_)) {
      add_missing_values(report_, context_.limits, why_nothing_was_compared(reading_));
    }
  }

  void add_remarks() {
    remark_visibility();
    for (const TableName& sequence : reading_.sequences)
      remarks_["a sequence, which is not compared"].push_back(sequence.text());
    if (rows_unconfirmed_ > 0) report_.remark(counted(rows_unconfirmed_, "row") + " unconfirmed");
    for (const auto& [text, tables] : remarks_) {
      std::vector<std::string> shown(tables.begin(), tables.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                          tables.size(), tables_in_remark)));
      if (tables.size() > shown.size()) shown.push_back("…");
      report_.remark(shown.empty() ? text : joined(shown) + ": " + text);
    }
    if (!reading_.budget_over || all_covered_) return;
    report_.remark("the budget of " + format_seconds(settings_.budget) + " is over, " +
                   format_number(coverage(), 1) + " % covered; " +
                   (reading_.keeps_state ? "the next run goes on from there"
                                         : "without state the next run starts at the beginning"));
  }

  void summarise() {
    if (tables_known_ == 0) {
      // A budget that ran out is no alert; not to have looked at all is not OK.
      if (!is_told(report_, reading_)) report_.add(Status::unknown, "", why_nothing_was_compared(reading_));
      return;
    }
    if (tables_compared_ == 0) judge_idle_run();
    std::string text = tables_compared_ > 0 ? what_was_compared() : what_was_known();
    if (report_.findings().empty()) report_.add(Status::ok, "", text);
    // Differences that thresholds allow are still worth a word.
    if (rows_differing_ > 0 && report_.status() == Status::ok)
      text = counted(rows_differing_, "differing row") + " within thresholds; " + text;
    report_.summarise_ok(text);
  }

  std::string what_was_compared() const {
    std::string text = tables_compared_ < tables_ ? std::to_string(tables_compared_) + " of " : "";
    text +=
        counted(tables_, "table") + ", " + counted(rows_compared_, "row") + " compared on " + joined(names_);
    if (rows_differing_ == 0 && tables_differing_ == 0 && !open_questions_)
      text += definitions_differ() ? ": no row differs" : ": no difference";
    return text;
  }

  // Of a run that was paused all the time, or had no time left.
  std::string what_was_known() const {
    const std::optional<double> last = last_compared(reading_);
    return "this run compared nothing; earlier ones compared " + counted(tables_known_, "table") +
           (last ? ", last " + age_text(*last) + " ago" : "");
  }

  // No alert for as long as an earlier run's word is fresh.
  void judge_idle_run() {
    const std::optional<double> last = last_compared(reading_);
    if (is_told(report_, reading_) || (last && unix_now() - *last <= longest_unverified)) return;
    report_.add(
        Status::unknown, "",
        "this run compared nothing, nor has any for " + (last ? age_text(*last) : "as long as is known"));
  }

  static std::string age_text(double when) {
    return format_seconds(rounded_up(std::max(0.0, unix_now() - when)));
  }

  const SyncReading& reading_;
  const Settings& settings_;
  const RunContext& context_;
  Report report_;
  std::vector<std::string> names_;
  std::map<std::string, std::vector<std::string>> remarks_;
  std::set<std::string> condition_told_;
  std::uint64_t rows_differing_ = 0, rows_unconfirmed_ = 0, rows_compared_ = 0, tables_differing_ = 0;
  std::uint64_t tables_ = 0, tables_compared_ = 0;  // by this run
  std::uint64_t tables_known_ = 0;                  // by this run or an earlier one
  double weight_ = 0, covered_ = 0;
  bool all_covered_ = true;
  bool open_questions_ = false;  // something differed, and what it is was not certain
  bool missing_ = false;         // a table on some server
  std::optional<double> oldest_;
  Status rows_verdict_ = Status::ok, tables_verdict_ = Status::ok;
};

}  // namespace

void say_unmatched(Report& report, const std::string& target, const UnmatchedName& name) {
  if (name.is_wrong)
    report.add(Status::unknown, target, name.text);
  else
    report.remark(name.text);
}

Report sync_report(const SyncReading& reading, const Settings& settings, const RunContext& context) {
  return Judging(reading, settings, context).report();
}

}  // namespace evenkeel::table_sync
