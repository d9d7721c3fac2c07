#include "evenkeel/extra_opts.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "evenkeel/options.h"
#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

namespace {

// The ini file that each --extra-opts of the input reads. It never is on a disk.
class IniFile {
 public:
  IniFile() : fd_(memfd_create("plugins.ini", 0)), path_("/proc/self/fd/" + std::to_string(fd_)) {
    expect(fd_ >= 0 && fchmod(fd_, 0600) == 0, "a file in memory");
    setenv("MP_CONFIG_FILE", path_.c_str(), 1);
  }
  void fill(std::string_view text) const {
    expect(ftruncate(fd_, 0) == 0 && pwrite(fd_, text.data(), text.size(), 0) >= 0, "the file is filled");
  }
  const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

// No input may choose which file of the machine is read.
std::string with_our_file(std::string_view word, const std::string& path) {
  const std::size_t at = word.find('@');
  if (at == std::string_view::npos || !word.starts_with("--extra-opts")) return std::string(word);
  return std::string(word.substr(0, at + 1)) + path;
}

std::vector<OptionSpec> specs() {
  return {{"warning", 'w', "RANGE", "", "", true},
          {"hostname", 'H', "HOST", "", "", true},
          {"password", 'p', "PASSWORD", "", "", false, true},
          {"timeout", 't', "N", ""},
          {"verbose", 'v', "", "", "", true},
          {"extra-opts", 0, "SECTION@FILE", "", "", true, false, true}};
}

}  // namespace

// Up to a NUL each line is a word of the command line; the rest is the ini file.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const IniFile file;
  const auto [words, ini] = halves(text_of(data, size), '\0');
  file.fill(ini);
  std::vector<std::string> arguments;
  for (Halves part{{}, words}; !part.rest.empty();) {
    part = halves(part.rest);
    arguments.push_back(with_our_file(part.first, file.path()));
  }

  std::vector<std::string> from_file;
  if (!accepted([&] { from_file = take_extra_opts(arguments, "check_x"); })) return 0;
  for (const std::string& word : arguments)
    expect(word != "--extra-opts" && !word.starts_with("--extra-opts="), "every --extra-opts is taken out");
  for (const std::string& word : from_file)
    expect(word.size() > 1 && word.front() == '-', "a file gives options only");
  accepted([&] {
    const Options options = Options::parse(specs(), arguments, from_file);
    for (const OptionSpec& spec : specs())
      expect(options.count(spec.name) == options.values(spec.name).size(), "each use counts");
  });
  return 0;
}
