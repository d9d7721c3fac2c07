// How many rows differ beyond those that are kept by name, and where in the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace evenkeel::table_sync {

// A place in the table is the number of rows that a pass has read up to there.
class UnnamedRows {
 public:
  struct Part {
    std::uint64_t from = 0;
    std::uint64_t upto = 0;
    std::uint64_t count = 0;
  };

  UnnamedRows() = default;
  // Parts that make no sense are left out.
  explicit UnnamedRows(const std::vector<Part>& parts);

  // The rows between two places have been read: `count` of them differ. What an earlier pass knew of any of
  // these rows is forgotten, so that the total is never above the truth for a table whose rows stay.
  void replace(std::uint64_t from, std::uint64_t upto, std::uint64_t count);
  // One more of the rows that have been read before `place`, counted where there is room: a part cannot have
  // more than its rows.
  void add_before(std::uint64_t place);
  // The table ends there.
  void end_at(std::uint64_t place);

  std::uint64_t total() const { return beyond(0); }
  std::uint64_t beyond(std::uint64_t place) const;
  const std::vector<Part>& parts() const { return parts_; }

  static constexpr std::size_t max_parts = 64;

 private:
  std::vector<Part> parts_;  // in order, apart
};

}  // namespace evenkeel::table_sync
