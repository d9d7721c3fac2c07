#include "evenkeel/auth_file.h"

#include <algorithm>

#include "evenkeel/error.h"
#include "evenkeel/small_file.h"
#include "evenkeel/text.h"

namespace evenkeel {

namespace {

constexpr std::size_t max_bytes = 4096;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

}  // namespace

Credentials parse_auth_file(std::string_view text, const std::string& what) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (!trim(text.substr(std::min(line.size(), text.size()))).empty())
    throw usage_error(what + ": wanted is one line, user:password");
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0)
    throw usage_error(what + ": no user:password on its first line");
  if (std::any_of(line.begin(), line.end(), is_control))
    throw usage_error(what + ": a control character in its first line");
  return {std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))};
}

Credentials read_auth_file(const std::string& option, const std::string& path) {
  return parse_auth_file(read_small_file(option, path, max_bytes, Content::secret),
                         option + path_in_errors(path, Content::secret));
}

}  // namespace evenkeel
