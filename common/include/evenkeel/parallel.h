// --parallel, for checks that ask their targets by fan_out() or ask_all().
#pragma once

#include <cstddef>

#include "evenkeel/options.h"

namespace evenkeel {

OptionSpec parallel_option(std::size_t usual);
// `usual` where the option was not given. Throws Error(Fault::usage).
std::size_t parallel_from(const Options& options, std::size_t usual);

}  // namespace evenkeel
