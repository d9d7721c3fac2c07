// Pauses while a server is behind (--max-lag) or busy (--max-running).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
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
  // Who kept us waiting last, and for how long in all, and whose load could not be seen; empty where there is
  // nothing of it.
  std::string remark() const;

 private:
  // Why a server should be left alone for now; empty where it need not be.
  std::string reason(const std::vector<std::size_t>& servers);
  void note_unseen(std::size_t server, const std::string& option, const std::string& why);

  Crew& crew_;
  Fleet& fleet_;
  StopRequest& stop_;
  const Settings& settings_;
  Deadline::Clock::time_point next_look_{};
  std::string last_reason_;
  double paused_ = 0;
  std::map<std::pair<std::size_t, std::string>, std::string> unseen_;  // by server and option: why
};

}  // namespace evenkeel::table_sync
