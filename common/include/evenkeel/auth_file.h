// --auth-file: "user:password" on one line, so that no password stands on a command line.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel {

struct Credentials {
  std::string user;
  std::string password;
};

// The password is all that follows the first colon. Throws Error(Fault::usage) that begins with `what`
// and quotes nothing of the text.
Credentials parse_auth_file(std::string_view text, const std::string& what);

// Missing, unreadable, world-writable or larger than 4 KiB: Error(Fault::usage).
Credentials read_auth_file(const std::string& option, const std::string& path);

}  // namespace evenkeel
