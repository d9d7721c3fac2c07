#include "evenkeel/mysql/gtid_position.h"

#include <optional>
#include <string>

#include "expect.h"

using namespace evenkeel::fuzz;
using evenkeel::mysql::Gtid;
using evenkeel::mysql::GtidPosition;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<GtidPosition> position;
  if (!accepted([&] { position = GtidPosition::parse(text_of(data, size)); }, evenkeel::Fault::protocol))
    return 0;

  std::string printed;
  for (const Gtid& gtid : position->all()) {
    printed += (printed.empty() ? "" : ",") + gtid.str();
    expect(position->has_domain(gtid.domain), "its domain is there");
    expect(position->highest(gtid.domain) >= gtid.number, "the highest is not below");
    expect(position->of(gtid.domain, gtid.server) == gtid.number, "found again");
  }
  expect(GtidPosition::parse(printed).all() == position->all(), "parse and print are inverse");
  return 0;
}
