#include "evenkeel/thresholds.h"

#include <string>

#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

// Each line is a -w.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> texts;
  for (Halves part{{}, text_of(data, size)}; !part.rest.empty();) {
    part = halves(part.rest);
    texts.emplace_back(part.first);
  }
  Limits limits({{"lag", "s", "", "300", "600"}, {"channels", "", "", "", ""}});
  if (!accepted([&] { limits.apply(Limits::Level::warning, "--warning", texts); })) return 0;
  for (const char* label : {"lag", "channels"})
    for (const char* target : {"", "db2", "db2/east"}) {
      const Thresholds thresholds = limits.of(label, target);
      const Status status = thresholds.judge(450);
      expect((status == Status::ok) == (thresholds.breached_by(450) == nullptr), "a breach has a range");
    }
  for (const auto& [label, instance] : limits.named_instances())
    expect(!label.empty() && !instance.empty(), "an instance has a name");
  return 0;
}
