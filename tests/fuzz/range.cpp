#include "evenkeel/range.h"

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<Range> range;
  if (!accepted([&] { range = Range::parse(text_of(data, size)); })) return 0;

  const std::string printed = range->str();
  expect(printed.find_first_not_of("@~:-.0123456789") == std::string::npos, "plain decimals");
  expect(Range::parse(printed) == *range, "parse and print are inverse");
  expect(Range::parse(printed).str() == printed, "print is stable");
  expect(range->start() <= range->end(), "start is not above end");
  expect(range->alerts(std::numeric_limits<double>::quiet_NaN()), "NaN alerts");
  for (const double border : {range->start(), range->end()})
    if (std::isfinite(border)) expect(range->alerts(border) == range->inverted(), "both ends are inside");
  for (const double value : std::array{0.0, -1.0, 1e300, std::nextafter(range->end(), 1e308)})
    if (range->alerts(value)) expect(!range->complaint(value).empty(), "an alert has words");
  return 0;
}
