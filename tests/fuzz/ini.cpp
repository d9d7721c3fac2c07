#include "evenkeel/extra_opts.h"
#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

// The first line is the section asked for, the rest is the file.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [section, file] = halves(text_of(data, size));
  accepted([&, section = section, file = file] {
    const std::vector<IniEntry> entries = parse_ini(file, section, "plugins.ini");
    expect(!entries.empty(), "a section without entries is an error");
    for (const IniEntry& entry : entries) {
      expect(!entry.key.empty() && entry.key.front() != '-', "a key is a name");
      expect(entry.key.find('=') == std::string::npos, "a key ends at the first =");
      expect(entry.has_value == !entry.value.empty(), "a value is not empty");
      expect((entry.key + entry.value).find_first_of(std::string("\n\0", 2)) == std::string::npos,
             "one line, fit for an argument");
    }
  });
  return 0;
}
