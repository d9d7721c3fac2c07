#include <cmath>
#include <cstring>
#include <string>

#include "evenkeel/status.h"
#include "evenkeel/text.h"
#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

namespace {

void expect_plain(const std::string& text) {
  expect(!text.empty() && text.find_first_not_of("-.0123456789") == std::string::npos, "plain decimals");
  expect(text != "-0", "no -0");
}

void expect_printable(double value) {
  double read = 0;
  const std::string exact = format_exact(value);
  expect_plain(exact);
  expect(parse_number(exact, read) && read == value, "the exact form reads back");
  for (const int decimals : {0, 1, 6}) {
    const std::string rounded = format_number(value, decimals);
    expect_plain(rounded);
    expect(parse_number(rounded, read), "the rounded form is a number");
    expect(std::fabs(read - value) <= std::pow(10, -decimals) + std::fabs(value) * 1e-9, "and close to it");
  }
  expect(!format_seconds(value).empty(), "seconds for people");
}

}  // namespace

// The input as text, and its first eight bytes as a number's bits.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  double value = 0;
  if (parse_number(text, value)) {
    expect(std::isfinite(value), "a number is finite");
    expect_printable(value);
  }
  parse_status(text);
  if (size < sizeof value) return 0;
  std::memcpy(&value, data, sizeof value);
  if (std::isfinite(value)) expect_printable(value);
  return 0;
}
