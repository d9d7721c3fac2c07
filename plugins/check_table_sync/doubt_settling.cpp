#include "doubt_settling.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

namespace evenkeel::table_sync {

namespace {

// So many parts are read one by one, so that a row of one does not speak for another.
constexpr std::size_t parts_read_alone = 8;

class Settling {
 public:
  Settling(const std::vector<Doubt>& doubts, DrillDown& drill,
           const std::shared_ptr<const ComparisonPlan>& plan)
      : doubts_(doubts), drill_(drill), plan_(plan) {}

  SettledDoubts of(const Confirmed& confirmed) {
    result_.failures = confirmed.failures;
    std::set<KeyTuple> held, moving(confirmed.moving.begin(), confirmed.moving.end());
    std::set<KeyTuple> undecided(confirmed.undecided.begin(), confirmed.undecided.end());
    undecided.insert(confirmed.blocked.begin(), confirmed.blocked.end());
    for (const RowDifference& part : confirmed.drift) held.insert(part.key);
    for (std::size_t i = 0; i < doubts_.size(); ++i) {
      for (const Doubt& doubt : apart(of_doubt(i, held)))
        if (auto rows = read(doubt, confirmed.servers))
          result_.held.push_back({range_of(*plan_, doubt), std::move(rows->differing), rows->explained});
      if (const Doubt doubt = of_doubt(i, moving); !doubt.parts.empty()) add_moving(doubt, confirmed.servers);
      if (const Doubt doubt = of_doubt(i, undecided); !doubt.parts.empty())
        result_.undecided.push_back(range_of(*plan_, doubt));
    }
    return std::move(result_);
  }

 private:
  Doubt of_doubt(std::size_t i, const std::set<KeyTuple>& keys) const {
    Doubt doubt = doubts_[i];
    std::erase_if(doubt.parts,
                  [&](std::uint64_t part) { return !keys.contains(Confirmation::key_of_part(i, part)); });
    return doubt;
  }

  static std::vector<Doubt> apart(const Doubt& doubt) {
    if (doubt.parts.empty()) return {};
    if (doubt.parts.size() > parts_read_alone) return {doubt};
    std::vector<Doubt> doubts(doubt.parts.size(), doubt);
    for (std::size_t i = 0; i < doubts.size(); ++i) doubts[i].parts = {doubt.parts[i]};
    return doubts;
  }

  // Nothing where they could not be read: the doubt is undecided then.
  std::optional<DrillDown::Reading> read(const Doubt& doubt, const std::vector<std::size_t>& servers) {
    DrillDown::Reading reading = drill_.rows_of(doubt, servers);
    if (reading.failures.empty()) return reading;
    result_.failures.insert(reading.failures.begin(), reading.failures.end());
    result_.undecided.push_back(range_of(*plan_, doubt));
    return std::nullopt;
  }

  void add_moving(const Doubt& doubt, const std::vector<std::size_t>& servers) {
    auto rows = read(doubt, servers);
    if (!rows) return;
    if (rows->differing.empty()) result_.moving.push_back(range_of(*plan_, doubt));
    std::move(rows->differing.begin(), rows->differing.end(), std::back_inserter(result_.rows));
  }

  const std::vector<Doubt>& doubts_;
  DrillDown& drill_;
  const std::shared_ptr<const ComparisonPlan>& plan_;
  SettledDoubts result_;
};

}  // namespace

SettledDoubts settle(const std::vector<Doubt>& doubts, DrillDown& drill, Confirmation& confirmation,
                     const std::shared_ptr<const ComparisonPlan>& plan, const Hashing& hashing,
                     const std::vector<std::size_t>& servers) {
  if (doubts.empty()) return {};
  return Settling(doubts, drill, plan).of(confirmation.confirm_parts(plan, hashing, doubts, servers));
}

}  // namespace evenkeel::table_sync
