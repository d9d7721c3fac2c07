#include "judge_comparison.h"

#include "judge_channel.h"
#include "wanted_channels.h"

namespace evenkeel::replication {

ComparisonJudge::ComparisonJudge(const Target& target, const Settings& settings, const Limits& limits,
                                 Report& report)
    : target_(target), reading_(*target.reading), settings_(settings), limits_(limits), report_(report) {}

void ComparisonJudge::judge() {
  for (const ComparedChannel& compared : target_.compared) {
    if (!compared.channel) {
      judge_channel(compared, {});
    } else if (is_wanted(settings_, reading_, *compared.channel)) {
      judge_channel(compared, {prefix_of(reading_, *compared.channel), part_of(reading_, *compared.channel)});
    }
  }
}

void ComparisonJudge::judge_channel(const ComparedChannel& compared, const Place& place) {
  if (compared.comparison) {
    judge_behind(compared, place);
    judge_errant(compared, place);
    return;
  }
  report_.add(Status::unknown, target_.name,
              place.prefix + "cannot compare with " + compared.source + ": " + compared.problem);
  report_.record(metric("transactions_behind", place), limits_);
  report_.record(metric("errant_transactions", place), limits_);
}

void ComparisonJudge::judge_behind(const ComparedChannel& compared, const Place& place) {
  const std::string& left_out = compared.comparison->left_out;
  const std::optional<std::uint64_t> behind = compared.comparison->behind;
  Metric measured = metric("transactions_behind", place);
  if (!behind) return record_without_value(std::move(measured), place, compared.comparison->behind_unknown);
  if (!left_out.empty())
    report_.remark_of(target_.name, place.prefix + "left out of the comparison: " + left_out);
  measured.value = static_cast<double>(*behind);
  report_.measure(std::move(measured), limits_,
                  place.prefix + std::to_string(*behind) + " transactions behind " + compared.source);
}

void ComparisonJudge::judge_errant(const ComparedChannel& compared, const Place& place) {
  const bool all_seen = own_told_ || compared.comparison->own_is_seen;
  const Errant errant = errant_of(*compared.comparison);
  const auto count = static_cast<double>(errant.count);
  const bool at_least = compared.comparison->at_least || !all_seen;
  const std::string what = place.prefix + (at_least ? "at least " : "") + std::to_string(errant.count) +
                           " errant transaction" + (errant.count == 1 ? "" : "s") +
                           (errant.names.empty() ? "" : ": " + errant.names) + ", not on " + compared.source;
  const bool judged = limits_.given("errant_transactions");
  if (errant.count > 0 && !judged) report_.add(Status::warning, target_.name, what);
  Metric measured = metric("errant_transactions", place);
  // What is seen without a binary log may be enough for an alarm, and never for an OK.
  if (!all_seen && limits_.of(measured).judge(count) == Status::ok)
    return record_without_value(std::move(measured), place,
                                "without a binary log, what this replica wrote itself has no GTIDs");
  measured.value = count;
  if (judged)
    report_.measure(std::move(measured), limits_, what);
  else
    report_.record(std::move(measured), limits_);
}

// A threshold that nothing can be held against must not pass for OK.
void ComparisonJudge::record_without_value(Metric metric, const Place& place, const std::string& reason) {
  const std::string text = place.prefix + "no value for " + metric.name + ": " + reason;
  const Thresholds thresholds = limits_.of(metric);
  if (thresholds.warning || thresholds.critical)
    report_.add(Status::unknown, target_.name, text);
  else
    report_.remark_of(target_.name, text);
  report_.record(std::move(metric), limits_);
}

// What the replica wrote itself counts once, with the first channel that could be compared.
Errant ComparisonJudge::errant_of(const Comparison& found) {
  Errant errant = own_told_ ? found.received : both(found.own, found.received);
  own_told_ = true;
  return errant;
}

Metric ComparisonJudge::metric(const char* name, const Place& place) const {
  return {name, target_.name, place.part, std::nullopt, "", 0, std::nullopt};
}

}  // namespace evenkeel::replication
