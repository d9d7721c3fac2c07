// What must hold for every input. An assert() would be gone in an optimised build.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "evenkeel/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace evenkeel::fuzz {

inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The first line and the rest: two inputs in one.
struct Halves {
  std::string_view first, rest;
};

inline Halves halves(std::string_view text, char border = '\n') {
  const std::size_t end = text.find(border);
  if (end == std::string_view::npos) return {text, {}};
  return {text.substr(0, end), text.substr(end + 1)};
}

// An error is one line of a bearable length that says something, whatever the input was.
inline void expect_readable(const Error& error, Fault fault = Fault::usage) {
  const std::string_view text = error.what();
  expect(error.fault() == fault, "the error's class");
  expect(!text.empty() && text.size() < 2000, "the error's length");
  for (const char c : text)
    expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control character in an error");
}

// Calls `parse`; says whether it took the input. Anything but a usage error is a finding.
template <class Parse>
bool accepted(Parse parse, Fault fault = Fault::usage) {
  try {
    parse();
    return true;
  } catch (const Error& error) {
    expect_readable(error, fault);
    return false;
  }
}

}  // namespace evenkeel::fuzz
