#include <cmath>

#include "expect.h"
#include "heard_sample.h"

using namespace evenkeel::fuzz;
using namespace evenkeel::replication;

// What stands in a state file is as hostile as what a server sends.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const HeardSamples samples = parse_samples(text_of(data, size));
  expect(std::isfinite(samples.delay), "a number");
  const std::string printed = format_samples(samples);
  const HeardSamples again = parse_samples(printed);
  expect(again.channels.size() == samples.channels.size(), "parse and print are inverse");
  expect(format_samples(again) == printed, "print is stable");
  return 0;
}
