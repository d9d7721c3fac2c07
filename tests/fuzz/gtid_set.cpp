#include "gtid_set.h"

#include <optional>
#include <string>

#include "expect.h"

using namespace evenkeel::fuzz;
using evenkeel::replication::GtidSet;

// Two sets, parted by a line: what is left of one without the other.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(text_of(data, size));
  const std::size_t half = text.find('|');
  std::optional<GtidSet> a;
  std::optional<GtidSet> b;
  if (!accepted([&] { a = GtidSet::parse(text.substr(0, half)); }, evenkeel::Fault::protocol)) return 0;
  if (!accepted([&] { b = GtidSet::parse(half == std::string::npos ? "" : text.substr(half + 1)); },
                evenkeel::Fault::protocol))
    return 0;

  const GtidSet rest = a->minus(*b);
  expect(rest.count() <= a->count(), "a difference is no larger");
  expect(rest.minus(*b).str(1000) == rest.str(1000), "taking away twice takes nothing more");
  expect(a->minus(*a).empty(), "nothing is left of a set without itself");
  expect(rest.minus(*a).empty(), "a difference is a part");
  expect(a->minus(rest).count() + rest.count() == a->count(), "two parts make the whole");
  GtidSet both = *b;
  both.add(rest);
  expect(a->minus(both).empty(), "a sum holds what was added");
  expect(rest.only(rest.uuids()).count() == rest.count(), "all is of some server");
  expect(rest.without(rest.uuids()).empty(), "nothing is of no server");
  expect(rest.str(3).size() < 1000, "bounded text");
  return 0;
}
