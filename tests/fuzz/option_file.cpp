#include "evenkeel/mysql/option_file.h"

#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

// The first line is the group asked for, the rest is the my.cnf.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [group, file] = halves(text_of(data, size));
  accepted([&, group = group, file = file] {
    const mysql::ClientOptions options = mysql::parse_option_file(file, std::string(group), "my.cnf");
    if (options.port) expect(*options.port > 0, "a port is not 0");
  });
  return 0;
}
