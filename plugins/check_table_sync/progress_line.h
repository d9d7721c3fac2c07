// One line on stderr that tells an engineer how far a long run has come. Nothing where it is no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "sync_reading.h"

namespace evenkeel::table_sync {

class ProgressLine {
 public:
  ProgressLine(const Progress& progress, const std::vector<TableReading>& tables);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show();

  static constexpr std::chrono::milliseconds interval{500};

 private:
  const Progress& progress_;
  std::size_t tables_;
  double rows_expected_ = 0;
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace evenkeel::table_sync
