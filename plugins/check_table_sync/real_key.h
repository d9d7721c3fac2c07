// FLOAT and DOUBLE in keys: the shortest decimal digits that read back as the same number.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::table_sync {

bool is_real(std::string_view text);
// With an exponent, so that it is a DOUBLE for the server, too, which reads it back to the last bit.
std::string real_literal(std::string_view text);
// From hex(point(x, 0)): what servers print of a FLOAT are six digits, which lead to another number. "NULL"
// for what is no such point.
std::string real_of_point(std::string_view hex);

}  // namespace evenkeel::table_sync
