// Pauses while a server is behind (--max-lag) or busy (--max-running).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crew.h"
#include "fleet.h"
#include "sync_settings.h"

namespace evenkeel::table_sync {

class LoadGuard {
 public:
  LoadGuard(Crew& crew, Fleet& fleet, StopRequest& stop, const Settings& settings)
      : crew_(crew), fleet_(fleet), stop_(stop), settings_(settings) {}

  // Returns when all of `servers` have room for us, or at the deadline.
  void wait(const std::vector<std::size_t>& servers, const Deadline& deadline);
  // Who kept us waiting last, and for how long in all; empty where nobody did.
  std::string remark() const;

 private:
  // Why a server should be left alone for now; empty where it need not be.
  std::string reason(const std::vector<std::size_t>& servers);

  Crew& crew_;
  Fleet& fleet_;
  StopRequest& stop_;
  const Settings& settings_;
  Deadline::Clock::time_point next_look_{};
  std::string last_reason_;
  double paused_ = 0;
};

}  // namespace evenkeel::table_sync
