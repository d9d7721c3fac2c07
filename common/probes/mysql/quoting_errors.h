// Errors whose text quotes the statement or a value of it, in whatever language the server speaks.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::mysql {

// What to say in place of the server's text; empty where that text may be shown.
std::string_view words_for_quoting_error(unsigned number);

// The text with our own words for what the server quotes, where the error with this number, or another one
// that the text names, quotes something. Frames that name the table or the database stay. The statement
// behind "Query:" goes: what the message quotes may hold that mark, too.
std::string without_quoted_values(unsigned number, std::string_view text);

}  // namespace evenkeel::mysql
