// How many rows the next chunk of a table has, so that the slowest server works on it for about --chunk-time.
#pragma once

#include <algorithm>
#include <cstdint>

namespace evenkeel::table_sync {

class ChunkSize {
 public:
  // `rows`: what fitted last time, 0 where that is not known.
  explicit ChunkSize(double seconds_wanted, std::uint64_t rows = 0) : wanted_(seconds_wanted) {
    if (rows > 0) set(static_cast<double>(rows));
  }

  std::uint64_t rows() const { return rows_; }
  // No more than can be done in so much time.
  std::uint64_t rows_within(double seconds) const {
    const double share = std::clamp(seconds / wanted_, 0.0, 1.0);
    return std::max(static_cast<std::uint64_t>(static_cast<double>(rows_) * share), least);
  }

  // `seconds` for `rows` by the slowest server. Speed differs along a table: growth is bounded, and a chunk
  // that was too slow counts at once.
  void learn(std::uint64_t rows, double seconds) {
    const double per_row = std::max(seconds, 1e-4) / static_cast<double>(std::max<std::uint64_t>(rows, 1));
    const double fitting = wanted_ / per_row;
    set(std::clamp(fitting, static_cast<double>(rows_) / 8, static_cast<double>(rows_) * 8));
  }
  // The server's time limit ended a statement.
  void shrink() { set(static_cast<double>(rows_) / 8); }
  bool smallest() const { return rows_ <= least; }

 private:
  static constexpr std::uint64_t least = 100;
  static constexpr std::uint64_t most = 5'000'000;

  void set(double rows) { rows_ = std::clamp(static_cast<std::uint64_t>(std::max(rows, 0.0)), least, most); }

  double wanted_;
  std::uint64_t rows_ = 1000;
};

}  // namespace evenkeel::table_sync
