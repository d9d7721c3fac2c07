// What the rounds of a confirmation have in common, for rows and for table definitions: read where every
// server is, wait until each has applied what the others had executed, pause, look again.
// Why that is sound is told in row_watch.h.
#pragma once

#include <cstddef>
#include <functional>
#include <random>
#include <vector>

#include "catch_up.h"
#include "crew.h"
#include "executed.h"
#include "fleet.h"
#include "row_watch.h"

namespace evenkeel::table_sync {

double steady_seconds();

class ReplicaRounds {
 public:
  ReplicaRounds(Crew& crew, Fleet& fleet, StopRequest& stop, double patience);

  // Reads a server's position, with what shows whether it applies anything where its status is not visible.
  // Owns all that it touches: lanes may outlive the caller.
  using ReadPosition = std::function<Executed(std::size_t, mysql::SqlSession&)>;
  static ReadPosition position_reader(const Fleet& fleet);

  // `executed` by server of the fleet, for those in `servers`.
  ConfirmRules rules_for(const std::vector<Executed>& executed,
                         const std::vector<std::size_t>& servers) const;
  // Until the next round; times of a steady clock.
  void pause(const ConfirmRules& rules, double still_since, double round_began);
  // All servers apply what all others had executed; who does not is taken out of `servers`.
  void catch_up(const std::vector<Executed>& executed, std::vector<std::size_t>& servers);

 private:
  Crew& crew_;
  Fleet& fleet_;
  StopRequest& stop_;
  double patience_;
  std::mt19937 random_;
};

}  // namespace evenkeel::table_sync
