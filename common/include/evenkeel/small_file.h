// A settings file, read whole: bounded in size, never waiting.
#pragma once

#include <cstddef>
#include <string>

namespace evenkeel {

// A regular file that others may read, but not write, of at most `max_bytes`; everything else is
// Error(Fault::usage) that begins with `what` ("--auth-file") and names the path.
std::string read_small_file(const std::string& what, const std::string& path, std::size_t max_bytes);

}  // namespace evenkeel
