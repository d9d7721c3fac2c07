// What the user wants compared, and how gently.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/status.h"

namespace evenkeel::table_sync {

struct Settings {
  std::vector<std::string> tables, ignored_tables, ignored_columns;
  std::string where;
  std::optional<std::string> reference;
  Status definition = Status::warning;  // what a difference of definitions counts as
  double confirm = 3;
  std::size_t threads = 1;
  double chunk_time = 0.5;
  std::optional<double> max_lag;
  long max_running = 50;
  double budget = 40;
  bool strong = false;
  bool digest = false;

  // The server's limit for a statement: far above what a chunk should take, far below what hurts.
  double statement_seconds() const { return chunk_time * 10 < 2 ? 2 : chunk_time * 10; }
  // A server that gives us nothing of a table in so much time is too slow, or the table locked.
  double long_wait() const { return std::min(statement_seconds(), budget / 2); }
  // Until a server that says nothing counts as gone.
  double patience() const { return statement_seconds() + 2; }
};

}  // namespace evenkeel::table_sync
