#include "unnamed_rows.h"

#include <algorithm>

namespace evenkeel::table_sync {

namespace {

using Part = UnnamedRows::Part;

// Pairs of neighbours become one, but for those on either side of `place`: what is behind it is forgotten
// sooner.
std::vector<Part> coarser(const std::vector<Part>& parts, std::uint64_t place) {
  std::vector<Part> result;
  bool pair_is_full = true;
  for (const Part& part : parts) {
    const bool apart = pair_is_full || (result.back().upto <= place) != (part.upto <= place);
    pair_is_full = !apart;
    if (apart)
      result.push_back(part);
    else
      result.back() = {result.back().from, part.upto, result.back().count + part.count};
  }
  return result;
}

}  // namespace

UnnamedRows::UnnamedRows(const std::vector<Part>& parts) {
  for (const Part& part : parts)
    if (part.from < part.upto && part.count <= part.upto - part.from)
      replace(part.from, part.upto, part.count);
}

void UnnamedRows::replace(std::uint64_t from, std::uint64_t upto, std::uint64_t count) {
  std::erase_if(parts_, [&](const Part& part) { return part.upto > from && part.from < upto; });
  if (count == 0 || upto <= from) return;
  parts_.push_back({from, upto, count});
  std::sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) { return a.from < b.from; });
  if (parts_.size() > max_parts) parts_ = coarser(parts_, upto);
}

void UnnamedRows::add_before(std::uint64_t place) {
  std::uint64_t free = place;  // the last row before `place` that is in no part
  for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
    if (place > 0 && part->from >= place) continue;
    if (part->count < part->upto - part->from) {
      ++part->count;
      return;
    }
    if (part->upto >= free) free = part->from;
  }
  if (free > 0) replace(free - 1, free, 1);
}

void UnnamedRows::end_at(std::uint64_t place) {
  std::erase_if(parts_, [place](const Part& part) { return part.upto > place; });
}

std::uint64_t UnnamedRows::beyond(std::uint64_t place) const {
  std::uint64_t sum = 0;
  for (const Part& part : parts_)
    if (part.from >= place) sum += part.count;
  return sum;
}

}  // namespace evenkeel::table_sync
