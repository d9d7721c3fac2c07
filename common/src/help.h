// --help and --version as text.
#pragma once

#include <string>

#include "evenkeel/check.h"

namespace evenkeel {

std::string help_text(const Description& description);
std::string version_text(const Description& description);

}  // namespace evenkeel
