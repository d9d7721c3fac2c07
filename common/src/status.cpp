#include "evenkeel/status.h"

#include <array>

#include "evenkeel/text.h"

namespace evenkeel {

namespace {

constexpr std::array<std::string_view, 4> names{"OK", "WARNING", "CRITICAL", "UNKNOWN"};

int severity(Status status) {
  constexpr std::array<int, 4> order{0, 1, 3, 2};
  return order[static_cast<std::size_t>(status)];
}

}  // namespace

bool is_worse(Status a, Status b) { return severity(a) > severity(b); }

Status worse_of(Status a, Status b) { return is_worse(b, a) ? b : a; }

std::string_view to_string(Status status) { return names[static_cast<std::size_t>(status)]; }

std::optional<Status> parse_status(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool number = text.size() == 1 && text[0] == static_cast<char>('0' + i);
    if (number || lower(text) == lower(names[i])) return static_cast<Status>(i);
  }
  return std::nullopt;
}

}  // namespace evenkeel
