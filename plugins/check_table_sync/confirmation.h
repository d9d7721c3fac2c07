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
#include "doubt.h"
#include "evenkeel/deadline.h"
#include "fleet.h"
#include "key_range.h"
#include "replica_rounds.h"
#include "row_encoding.h"
#include "row_fetch.h"
#include "row_watch.h"

namespace evenkeel::table_sync {

struct Confirmed {
  std::vector<RowDifference> drift;  // digests by server; those without a say show what the first one has
  std::vector<KeyTuple> moving;      // for longer than --confirm, or until time ran out
  std::vector<KeyTuple> undecided;   // never seen to move, but time ran out before that was certain
  std::vector<KeyTuple> blocked;     // a server failed, or does not apply what the others have executed
  std::vector<KeyTuple> equal;
  bool held_still = false;           // all that is undecided did, through a round at least
  double hold = 0;                   // seconds that a row had to hold still
  bool was_read = false;             // on all servers, once at least
  std::uint64_t rows = 0;            // of a table without a key: on the server that has most
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

  // Parts of ranges, as if each were one row: its key is the doubt's index and the part.
  Confirmed confirm_parts(const std::shared_ptr<const ComparisonPlan>& plan, const Hashing& hashing,
                          const std::vector<Doubt>& doubts, const std::vector<std::size_t>& servers);
  static KeyTuple key_of_part(std::size_t doubt, std::uint64_t part);

  static constexpr std::size_t max_rows = 10000;

 private:
  struct Sighting;
  using Watches = std::map<KeyTuple, RowWatch>;
  using Read = std::function<Sighting(std::size_t, mysql::SqlSession&)>;

  Confirmed watch(Watches watches, const std::function<Read(const Watches&)>& reader,
                  std::vector<std::size_t> servers);
  // What is to become of those that are still open.
  void close(const Watches& watches, bool some_are_lost, Confirmed& result) const;
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
