// The four states of a check, and the one order of what is worse.
// Source: Monitoring Plugins Development Guidelines, "Plugin Return Codes".
#pragma once

#include <optional>
#include <string_view>

namespace evenkeel {

// The values are the exit codes.
enum class Status { ok = 0, warning = 1, critical = 2, unknown = 3 };

// ok < warning < unknown < critical: a service that is known to be broken must not be hidden
// by another one that could not be looked at.
bool is_worse(Status a, Status b);
Status worse_of(Status a, Status b);

std::string_view to_string(Status status);  // "OK", "WARNING", "CRITICAL", "UNKNOWN"

// A name in any case, or a number 0 to 3; nothing else.
std::optional<Status> parse_status(std::string_view text);

}  // namespace evenkeel
