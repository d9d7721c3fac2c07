#include "shown_value.h"

#include "evenkeel/text.h"

namespace evenkeel {

std::string shown_number(std::string_view text, std::size_t max_size) {
  const bool is_number = text.find_first_not_of("0123456789+-.") == std::string_view::npos;
  if (!is_number || text.size() > max_size) return "the value";
  return "\"" + clean(text, max_size) + "\"";
}

bool holds_login(std::string_view text) {
  const std::size_t colon = text.find(':');
  // An empty password gives nothing away.
  return colon != std::string_view::npos && text.find('@', colon + 2) != std::string_view::npos;
}

}  // namespace evenkeel
