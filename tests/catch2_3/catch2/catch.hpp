// Catch2 3 under the name of Catch2 2's header, so that the same tests build on Debian 12 and 13.
#pragma once

#include <catch2/catch_all.hpp>

using Catch::Approx;

namespace Catch {

using Matchers::ContainsSubstring;
using Matchers::EndsWith;
using Matchers::Equals;
using Matchers::Message;
using Matchers::StartsWith;

}  // namespace Catch

// Version 3 gave this name to a matcher for ranges.
#define Contains ContainsSubstring
