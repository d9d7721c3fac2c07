#include "evenkeel/status.h"

#include <catch2/catch.hpp>

#include "evenkeel/error.h"

using namespace evenkeel;

TEST_CASE("ok is better than warning, warning than unknown, unknown than critical") {
  const std::vector<Status> order{Status::ok, Status::warning, Status::unknown, Status::critical};
  for (std::size_t a = 0; a < order.size(); ++a)
    for (std::size_t b = 0; b < order.size(); ++b) {
      CHECK(is_worse(order[a], order[b]) == (a > b));
      CHECK(worse_of(order[a], order[b]) == order[std::max(a, b)]);
    }
}

TEST_CASE("a state is a name in any case or a digit") {
  const std::vector<std::pair<const char*, std::optional<Status>>> table{
      {"ok", Status::ok},
      {"OK", Status::ok},
      {"Warning", Status::warning},
      {"CRITICAL", Status::critical},
      {"unknown", Status::unknown},
      {"0", Status::ok},
      {"1", Status::warning},
      {"2", Status::critical},
      {"3", Status::unknown},
      {"4", {}},
      {"-1", {}},
      {"", {}},
      {"o", {}},
      {"02", {}},
      {"ok ", {}},
      {"warn", {}},
  };
  for (const auto& [text, status] : table) {
    INFO(text);
    CHECK(parse_status(text) == status);
  }
}

TEST_CASE("what went wrong decides the state") {
  const std::vector<std::pair<Fault, Status>> table{
      {Fault::usage, Status::unknown},    {Fault::unreachable, Status::critical},
      {Fault::timeout, Status::warning},  {Fault::denied, Status::unknown},
      {Fault::protocol, Status::unknown}, {Fault::untrusted, Status::critical},
      {Fault::internal, Status::unknown},
  };
  for (const auto& [fault, status] : table) CHECK(status_of(fault, Status::warning) == status);
}
