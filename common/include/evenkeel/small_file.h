// A settings file, read whole: bounded in size, never waiting.
#pragma once

#include <cstddef>
#include <string>

namespace evenkeel {

// A regular file that others may read, but not write, of at most `max_bytes`; everything else is
// Error(Fault::usage) that begins with `what` ("--auth-file") and names the path.
// For a file that holds a secret, the path is shown only where it looks like one (it begins with "/", "./" or
// "../"): who mistakes the option writes the secret in the path's place.
enum class Content { plain, secret };
std::string path_in_errors(const std::string& path, Content content);

// The beginning of a regular file, of which more than `max_bytes` are read where there are more; or why there
// is none.
struct FileText {
  std::string text;
  std::string problem;
  bool is_world_writable = false;
};
FileText read_regular_file(const std::string& path, std::size_t max_bytes);

std::string read_small_file(const std::string& what, const std::string& path, std::size_t max_bytes,
                            Content content = Content::plain);

}  // namespace evenkeel
