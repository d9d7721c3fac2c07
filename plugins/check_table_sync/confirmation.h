// Reads rows that differ again and again, until each is known to be drift or merely in flight.
// Why that is sound is told in row_watch.h.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "comparison_plan.h"
#include "crew.h"
#include "evenkeel/deadline.h"
#include "fleet.h"
#include "key_range.h"
#include "replica_rounds.h"
#include "row_encoding.h"
#include "row_fetch.h"
#include "row_watch.h"

namespace evenkeel::table_sync {

struct Confirmed {
  std::vector<RowDifference> drift;   // digests by server; those without a say show what the first one has
  std::vector<KeyTuple> unconfirmed;  // moving, or a server could not be compared
  std::vector<KeyTuple> undecided;    // held still until time ran out, but not for long enough
  std::vector<KeyTuple> equal;
  std::vector<std::size_t> servers;  // who had a say to the end
  std::map<std::size_t, Failure> failures;
};

// A row that differs, as it was seen when it was found.
struct Candidate {
  RowSight sight;  // by server; empty where only its key is known
  double when = 0;
};
using Candidates = std::map<KeyTuple, Candidate>;

class Confirmation {
 public:
  Confirmation(Crew& crew, Fleet& fleet, StopRequest& stop, double patience);

  // Rows of one table, at most max_rows; `servers` are those that have it and answer.
  Confirmed confirm(const std::shared_ptr<const ComparisonPlan>& plan, const Hashing& hashing,
                    const Candidates& candidates, const std::vector<std::size_t>& servers);
  // A table without a key, as if it were one row: its key is empty.
  Confirmed confirm_whole(const std::shared_ptr<const ComparisonPlan>& plan, const Hashing& hashing,
                          const std::vector<std::size_t>& servers);

  static constexpr std::size_t max_rows = 10000;

 private:
  struct Sighting;
  using Watches = std::map<KeyTuple, RowWatch>;
  using Read = std::function<Sighting(std::size_t, mysql::SqlSession&)>;

  Confirmed watch(Watches watches, const std::function<Read(const Watches&)>& reader,
                  std::vector<std::size_t> servers);
  std::vector<Sighting> look(const Read& read, std::vector<std::size_t>& servers);
  void settle(Watches& watches, const std::vector<Sighting>& sightings,
              const std::vector<std::size_t>& servers, const ConfirmRules& rules, Confirmed& result);

  Crew& crew_;
  Fleet& fleet_;
  StopRequest& stop_;
  ReplicaRounds rounds_;
  std::map<std::size_t, Failure> failures_;
};

}  // namespace evenkeel::table_sync
