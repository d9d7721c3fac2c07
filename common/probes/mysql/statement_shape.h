// A statement as it may be shown: its shape and the names in it, and none of its values.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::mysql {

// Every literal (text in any quotes, numbers, hex and bit strings), and every comment, with "…" in its place.
// What stands in "…" may be a name where sql_mode has ANSI_QUOTES; it counts as a literal. The text ends with
// "…" where it cannot be known how the server read it: a backslash before a quote depends on sql_mode, what
// is in a comment such as /*!80000 … */ on the version. The text must begin where the statement does.
std::string shape_of_statement(std::string_view statement);

}  // namespace evenkeel::mysql
