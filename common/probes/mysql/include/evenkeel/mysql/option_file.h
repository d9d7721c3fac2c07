// A my.cnf: what the [client] group (or another) says about connecting.
// Source: MySQL Reference Manual, "Using Option Files"; MariaDB Knowledge Base, "Configuring MariaDB
// with Option Files". Read here, since the client library ignores most of it in silence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel::mysql {

struct ClientOptions {
  std::optional<std::string> user, password, host, socket, ca_file, cert_file, key_file;
  std::optional<std::uint16_t> port;
  std::optional<bool> tls;     // ssl, ssl-mode, require_secure_transport's client side
  std::optional<bool> verify;  // ssl-verify-server-cert, ssl-mode=VERIFY_*
  // Lines of the group that do nothing here: an option's name where it is one of the client's, else "line 7",
  // for what stands there may be a secret.
  std::vector<std::string> without_effect;
};

// Pure part, without !include. Later lines win. Throws Error(Fault::usage) naming `file` and the line;
// what does nothing here is in `without_effect`.
ClientOptions parse_option_file(std::string_view text, const std::string& group, const std::string& file);

// Reads the file with its !include and !includedir. Missing, unreadable, world-writable or larger than
// 1 MiB: Error(Fault::usage). A group that is not there is an error, too: nothing would have been said.
ClientOptions read_option_file(const std::string& file, const std::string& group);

}  // namespace evenkeel::mysql
