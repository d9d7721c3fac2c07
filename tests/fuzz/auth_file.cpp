#include "evenkeel/auth_file.h"

#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  accepted([&] {
    const Credentials credentials = parse_auth_file(text_of(data, size), "--auth-file x");
    expect(!credentials.user.empty(), "a user");
    expect(credentials.user.find(':') == std::string::npos, "the first colon ends the user");
    expect(credentials.password.find('\n') == std::string::npos, "one line");
  });
  return 0;
}
