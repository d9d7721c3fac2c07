#include <string>

#include "evenkeel/text.h"
#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

namespace {

// Written apart from the code under test: the table of well-formed sequences of the Unicode Standard, 3-7.
std::size_t well_formed_length(std::string_view text) {
  const auto in = [&](std::size_t i, int low, int high) {
    return i < text.size() && static_cast<unsigned char>(text[i]) >= low &&
           static_cast<unsigned char>(text[i]) <= high;
  };
  const auto tail = [&](std::size_t i) { return in(i, 0x80, 0xbf); };
  if (in(0, 0x00, 0x7f)) return 1;
  if (in(0, 0xc2, 0xdf) && tail(1)) return 2;
  if (in(0, 0xe0, 0xe0) && in(1, 0xa0, 0xbf) && tail(2)) return 3;
  if ((in(0, 0xe1, 0xec) || in(0, 0xee, 0xef)) && tail(1) && tail(2)) return 3;
  if (in(0, 0xed, 0xed) && in(1, 0x80, 0x9f) && tail(2)) return 3;
  if (in(0, 0xf0, 0xf0) && in(1, 0x90, 0xbf) && tail(2) && tail(3)) return 4;
  if (in(0, 0xf1, 0xf3) && tail(1) && tail(2) && tail(3)) return 4;
  if (in(0, 0xf4, 0xf4) && in(1, 0x80, 0x8f) && tail(2) && tail(3)) return 4;
  return 0;
}

void expect_well_formed(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = well_formed_length(text);
    expect(length > 0, "valid UTF-8");
    text.remove_prefix(length);
  }
}

void expect_fit_for_a_line(std::string_view text) {
  expect_well_formed(text);
  for (const char c : text)
    expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '|', "no control character, no |");
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    expect(!(text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0), "no C1 character");
  for (const char* mark :
       {"\u00ad", "\u034f", "\u061c", "\u115f",     "\u1160",     "\u17b4",     "\u180e",    "\u200b",
        "\u200f", "\u2028", "\u2029", "\u202a",     "\u202b",     "\u202c",     "\u202d",    "\u202e",
        "\u2060", "\u2066", "\u2067", "\u2068",     "\u2069",     "\u3164",     "\ufe0f",    "\ufeff",
        "\uffa0", "\ufff9", "\ufffb", "\U000e0001", "\U000e0041", "\U000e007f", "\U000e0100"})
    expect(text.find(mark) == std::string_view::npos, "nothing invisible, no change of direction");
}

}  // namespace

// The first byte is the length to cut at.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t max_bytes = data[0];
  const std::string_view text = text_of(data + 1, size - 1);

  for (const std::size_t bound : {max_bytes, std::size_t{1000}}) {
    const std::string cleaned = clean(text, bound);
    expect_fit_for_a_line(cleaned);
    expect(cleaned.size() <= bound, "bounded");
    expect(clean(cleaned, bound) == cleaned, "what is clean stays as it is");
  }
  const std::string whole = clean(text);
  const std::string shorter = shorten(whole, max_bytes);
  expect(shorter.size() <= max_bytes, "shortened");
  expect_well_formed(shorter);
  if (whole.size() <= max_bytes) expect(shorter == whole, "what is short stays as it is");
  return 0;
}
