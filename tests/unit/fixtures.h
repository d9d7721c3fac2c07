// What real servers sent, from tests/fixtures.
#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

namespace evenkeel {

inline std::string fixture(const std::string& name) {
  std::ifstream file(std::string(EVENKEEL_FIXTURES) + "/" + name, std::ios::binary);
  INFO(name);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace evenkeel
