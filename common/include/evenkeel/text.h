// Text that is safe to print, and numbers that every parser reads.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace evenkeel {

// Text from outside, made fit for one line of plugin output: `|` becomes `/`; control characters, changes of
// direction, and all that shows nothing (see the table in text.cpp) become spaces; runs of white space become
// one space; invalid UTF-8 becomes U+FFFD. Longer text is cut at `max_bytes` with "…".
std::string clean(std::string_view text, std::size_t max_bytes = 1000);

// The text in quotes as it was written, blanks and all; what clean() takes out is a space. For errors about
// what a user wrote.
std::string quote(std::string_view text, std::size_t max_bytes = 60);

// Cut at a character's border so that the result, "…" included, has at most `max_bytes`.
std::string shorten(std::string_view text, std::size_t max_bytes);

// Plain decimals, independent of the locale: at most `decimals` places, no trailing zeros, never an
// exponent, never "-0". The value must be finite.
std::string format_number(double value, int decimals = 6);

// The shortest plain decimals that read back as the same double.
std::string format_exact(double value);

// A whole decimal number in the syntax of thresholds ("1e3", ".5", "+5", "010" is 10), no more and
// no less; false for anything else, "inf", "nan" and hexadecimal included.
bool parse_number(std::string_view text, double& value);

// A whole number in plain digits that fits, after a minus sign where the type has one, and nothing else.
template <class Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "3 s", "90 s (1 min 30 s)", "4210 s (1 h 10 min)": seconds for people.
std::string format_seconds(double seconds);

std::string lower(std::string_view text);  // ASCII only
std::string_view trim(std::string_view text);
// Takes what stands before `end` off the front, and `end` with it; everything where there is no `end`.
std::string_view take_until(std::string_view& text, char end);

}  // namespace evenkeel
