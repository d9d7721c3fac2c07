// Names of options that nobody knows, as far as they may be shown: what follows the name of an option that
// may hold a secret could be the secret, written without its "=".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/options.h"

namespace evenkeel {

// Whether it is a slip of the pen: all but a letter or two of an option that exists.
bool resembles_an_option(const std::vector<OptionSpec>& specs, std::string_view name);

// How much of the name, counted from its begin, may be a secret's option; the rest may be the secret. 0 where
// it begins with no such option, in whatever spelling.
std::size_t secret_option_at_begin(const std::vector<OptionSpec>& specs, std::string_view name);

// An unknown option of the command line, given without dashes and "=value".
std::string unknown_option_text(const std::vector<OptionSpec>& specs, std::string_view name);

}  // namespace evenkeel
