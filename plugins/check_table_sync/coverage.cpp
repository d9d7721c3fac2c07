#include "coverage.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace evenkeel::table_sync {

namespace {

// Many short runs over a huge table; what is older than both neighbours speaks for both.
constexpr std::size_t max_slices = 100;
constexpr double nothing = 1e-9;

}  // namespace

Coverage::Coverage(const std::vector<Slice>& slices) {
  for (const Slice& slice : slices)
    if (std::isfinite(slice.from) && std::isfinite(slice.to) && std::isfinite(slice.when) &&
        slice.from >= 0 && slice.to <= 1)
      add(slice.from, slice.to, slice.when);
}

void Coverage::add(double from, double to, double when) {
  if (to - from < nothing) return;
  std::vector<Slice> result;
  for (const Slice& slice : slices_) {
    if (slice.from < from) result.push_back({slice.from, std::min(slice.to, from), slice.when});
    if (slice.to > to) result.push_back({std::max(slice.from, to), slice.to, slice.when});
  }
  result.push_back({from, to, when});
  std::erase_if(result, [](const Slice& slice) { return slice.to - slice.from < nothing; });
  std::sort(result.begin(), result.end(), [](const Slice& a, const Slice& b) { return a.from < b.from; });
  slices_ = std::move(result);
  for (std::size_t i = 0; slices_.size() > max_slices && i + 1 < slices_.size(); ++i) {
    if (slices_[i + 1].from - slices_[i].to > nothing) continue;
    slices_[i] = {slices_[i].from, slices_[i + 1].to, std::min(slices_[i].when, slices_[i + 1].when)};
    slices_.erase(slices_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

double Coverage::covered() const {
  double sum = 0;
  for (const Slice& slice : slices_) sum += slice.to - slice.from;
  return sum > 1 - 1e-6 ? 1 : sum;
}

std::optional<double> Coverage::oldest() const {
  std::optional<double> oldest;
  for (const Slice& slice : slices_) oldest = std::min(oldest.value_or(slice.when), slice.when);
  return oldest;
}

}  // namespace evenkeel::table_sync
