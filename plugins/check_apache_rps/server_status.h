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
  std::optional<std::uint64_t> generation;  // grows with each reload of the configuration
  std::string mpm;
  Scoreboard scoreboard;  // no slots where it is too large to be read
};

// Reads up to the end of the scoreboard: what follows was appended by other modules.
// Throws Error(Fault::protocol) that says what it is instead.
ServerStatus parse_server_status(std::string_view page);

// Whether the part of a page that has come tells all that parse_server_status() wants, or that it is no
// status page.
bool tells_enough(std::string_view begin_of_page);

// parse_server_status() of a whole answer; `asked` (the page's path) begins every error, or
// the server and page that redirects led to.
ServerStatus read_answer(const http::Answer& answer, const std::string& asked);

}  // namespace evenkeel::apache
