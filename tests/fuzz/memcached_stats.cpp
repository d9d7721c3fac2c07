#include "expect.h"
#include "server_statistics.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

// Lines of "name value": statistics, items and slabs in one.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  memcached::Stats stats;
  std::string_view text = text_of(data, size);
  while (!text.empty()) {
    const Halves line = halves(text);
    const Halves pair = halves(line.first, ' ');
    stats.insert_or_assign(std::string(pair.first), std::string(pair.rest));
    text = line.rest;
  }
  for (const auto& [number, slab_class] : cache::read_slab_classes(stats, stats, stats))
    expect(number <= 255, "a class that memcached can have");
  const cache::ServerStatistics statistics = cache::read_statistics(stats);
  expect(statistics.version.size() <= 70, "a version is short");
  for (const auto& [name, value] : statistics.odd)
    expect(value.size() <= 50, "what is odd is shown in short");
  return 0;
}
