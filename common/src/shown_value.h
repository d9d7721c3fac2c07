// What of an option's value an error may show: a password may stand in the wrong place of a command.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace evenkeel {

// The text in quotes where it is a number of at most `max_size` characters, else "the value".
std::string shown_number(std::string_view text, std::size_t max_size = 20);

// Whether it holds user:password@host, as in an address of a browser or of a client library.
bool holds_login(std::string_view text);

}  // namespace evenkeel
