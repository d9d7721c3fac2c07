// Lets every server apply at least what all the others had executed.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "crew.h"
#include "executed.h"
#include "fleet.h"

namespace evenkeel::table_sync {

class CatchUp {
 public:
  // A server that applies nothing for `patience` seconds while it lacks something is given up, and one that
  // is still behind after several times that. One that may be at work on a single transaction, or that its
  // machine keeps waiting, has more time where the run has.
  CatchUp(Crew& crew, Fleet& fleet, StopRequest& stop, double patience);

  // `executed` by server. Returns those that cannot be compared; the fleet knows why.
  std::vector<std::size_t> wait(const std::vector<Executed>& executed,
                                const std::vector<std::size_t>& servers);

 private:
  struct Wait {
    WaitTarget target;
    std::string applied;
    bool may_be_at_work = true;
    Deadline::Clock::time_point began, progress;
  };
  struct Step {
    bool reached = false;
    std::string applied;
  };

  void begin(const std::vector<Executed>& executed, const std::vector<std::size_t>& servers);
  std::vector<Reply<Step>> ask(const std::vector<std::size_t>& servers);
  // Whether the server need not be waited for any more.
  bool settled(std::size_t server, const Reply<Step>& reply);
  bool given_up(std::size_t server, const Wait& wait);
  // What its status says of it by now, where the account may see that.
  std::string reason(std::size_t server);

  Crew& crew_;
  Fleet& fleet_;
  StopRequest& stop_;
  double patience_;
  double patience_at_work_;
  std::map<std::size_t, Wait> waits_;
  std::vector<std::size_t> lacking_;
};

}  // namespace evenkeel::table_sync
