#include "evenkeel/sample_history.h"

#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

// What a state file holds. What can be read can be written, and read again.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto now = SampleHistory::Moment() + std::chrono::hours(1'000'000);
  const SampleHistory history = SampleHistory::parse(text_of(data, size), 5, now);
  const std::string text = history.format(now);
  const SampleHistory again = SampleHistory::parse(text, 0, now);
  expect((history.newest() == nullptr) == (again.newest() == nullptr), "what was written can be read");
  expect(again.format(now) == text, "and is the same");
  return 0;
}
