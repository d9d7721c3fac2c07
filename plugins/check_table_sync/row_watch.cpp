#include "row_watch.h"

#include <algorithm>
#include <utility>

namespace evenkeel::table_sync {

RowWatch::Verdict RowWatch::see(RowSight sight, const std::vector<std::size_t>& servers,
                                const ConfirmRules& rules, double now) {
  const auto same_as_first = [&](std::size_t server) { return sight[server] == sight[servers.front()]; };
  if (std::all_of(servers.begin(), servers.end(), same_as_first)) return Verdict::equal;

  if (still_rounds_ < 0) since_ = now;
  const auto unchanged = [&](std::size_t server) { return sight[server] == sight_[server]; };
  const bool seen_before = !sight_.empty();
  const bool still = seen_before && std::all_of(servers.begin(), servers.end(), unchanged);
  sight_ = std::move(sight);
  if (still) {
    ++still_rounds_;
  } else {
    if (seen_before) ++moves_;
    still_rounds_ = 0;
    still_since_ = now;
  }
  if (still_rounds_ >= rules.rounds && now - still_since_ >= rules.hold) return Verdict::drift;
  // One that came to rest within its time is given the time to prove it.
  const bool moved_lately = still_since_ - since_ > rules.patience;
  const bool moved_now = still_rounds_ == 0 && now - since_ > rules.patience;
  return moves_ >= rules.moves && (moved_lately || moved_now) ? Verdict::moving : Verdict::open;
}

}  // namespace evenkeel::table_sync
