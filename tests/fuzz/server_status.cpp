#include "server_status.h"

#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

// A page of mod_status, or whatever stands there instead.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view page = text_of(data, size);
  try {
    const apache::ServerStatus status = apache::parse_server_status(page);
    expect(status.scoreboard.slots() > 0, "a scoreboard has slots");
    expect(status.scoreboard.slots() <= size, "no more slots than bytes");
    expect(apache::tells_enough(page), "what can be read is enough");
    expect(!status.uptime || *status.uptime >= 0, "an uptime is not negative");
  } catch (const Error& error) {
    expect_readable(error, Fault::protocol);
  }
  return 0;
}
