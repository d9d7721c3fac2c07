// What the comparisons of a run have in common.
#pragma once

#include <atomic>
#include <cstdint>

#include "evenkeel/deadline.h"
#include "fleet.h"
#include "row_encoding.h"
#include "stop_request.h"
#include "sync_settings.h"

namespace evenkeel::table_sync {

// How far a run has come, for whoever shows it.
struct Progress {
  std::atomic<std::uint64_t> rows = 0;
  std::atomic<std::uint64_t> tables_done = 0;
};

struct ComparisonContext {
  Fleet& fleet;
  StopRequest& stop;
  const Settings& settings;
  Hashing hashing;
  Deadline budget;
  int verbosity = 0;
  Progress& progress;
};

}  // namespace evenkeel::table_sync
