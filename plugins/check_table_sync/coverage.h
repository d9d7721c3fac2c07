// Which parts of a table have been verified, and when. Parts are shares of the table along its key, 0 to 1.
#pragma once

#include <optional>
#include <vector>

namespace evenkeel::table_sync {

class Coverage {
 public:
  struct Slice {
    double from = 0;
    double to = 0;
    double when = 0;  // Unix time
  };

  Coverage() = default;
  // Slices that make no sense are left out.
  explicit Coverage(const std::vector<Slice>& slices);

  // What is newer takes the place of what is older.
  void add(double from, double to, double when);

  double covered() const;  // 0 to 1; 1 only where nothing is missing
  std::optional<double> oldest() const;
  const std::vector<Slice>& slices() const { return slices_; }

 private:
  std::vector<Slice> slices_;  // in order, apart
};

}  // namespace evenkeel::table_sync
