#include "evenkeel/target.h"

#include <optional>
#include <string>

#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  accepted([&] {
    const HostPort target = parse_host_port("--hostname", text);
    expect(!target.host.empty(), "a target has a host");
    expect(target.name == text, "a target is called as it was typed");
    expect(!target.port || *target.port > 0, "a port is not 0");
  });
  accepted([&] {
    const std::vector<HostPort> targets = parse_hosts("--hostname", {std::string(text)});
    expect(!targets.empty(), "a list names someone");
    for (const HostPort& target : targets) expect(!target.host.empty(), "each target has a host");
  });
  accepted([&] { expect(parse_port("--port", text) > 0, "a port is not 0"); });
  return 0;
}
