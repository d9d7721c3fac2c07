// Names of columns as servers compare them: in any case, of every alphabet.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::table_sync {

// Equal for two names that mean one column. Letters become small ones; accents stay. Bytes that are no UTF-8
// stand for themselves.
std::string folded_column(std::string_view name);

}  // namespace evenkeel::table_sync
