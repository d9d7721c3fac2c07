// What Apache's mod_status says on its page for machines, "?auto".
// Source: Apache HTTP Server documentation, "Apache Module mod_status", "Machine Readable Status File".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "evenkeel/http/http_client.h"

namespace evenkeel::apache {

// Slots for workers: each is one request that the server could work on at the same time.
struct Scoreboard {
  std::size_t busy = 0;  // in use, whatever for: a slot of an old generation too, after a graceful restart
  std::size_t idle = 0;  // "_"
  std::size_t open = 0;  // "." without a process

  std::size_t slots() const { return busy + idle + open; }
};

// Keys that a version does not have, or that ExtendedStatus Off leaves out, are nothing.
struct ServerStatus {
  std::optional<std::uint64_t> accesses;
  std::optional<std::uint64_t> kilobytes;
  std::optional<std::uint64_t> duration_ms;  // of all requests together
  std::optional<double> uptime;              // seconds
  std::string restart_time;
  std::string version;
  std::string mpm;
  Scoreboard scoreboard;
};

// Reads up to the end of the scoreboard: what follows was appended by other modules.
// Throws Error(Fault::protocol) that says what it is instead.
ServerStatus parse_server_status(std::string_view page);

// The same of a whole answer; `page` (its path) begins every error.
ServerStatus read_answer(const http::Answer& answer, const std::string& page);

}  // namespace evenkeel::apache
