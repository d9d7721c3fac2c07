// A condition of the user's, put between brackets into statements of ours.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::table_sync {

// Why it would reach beyond those brackets, or hide what comes after; empty where it stays in them. Whether
// it is SQL at all is for the server to say. Source: MySQL 8.4 Reference Manual, 11.1.1 "String Literals" and
// 11.7 "Comments"; sessions here have backslashes as escapes and no ANSI_QUOTES.
std::string flaw_of_condition(std::string_view condition);

}  // namespace evenkeel::table_sync
