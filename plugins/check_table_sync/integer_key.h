// Integers of a key as places on one line: unsigned numbers of 64 bits in the key's own order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "comparison_plan.h"

namespace evenkeel::table_sync {

std::optional<std::uint64_t> place_of(const KeyColumn& column, const std::string& number);
std::string number_at(const KeyColumn& column, std::uint64_t place);
// The same as SQL, of each row.
std::string place_expression(const KeyColumn& column);

}  // namespace evenkeel::table_sync
