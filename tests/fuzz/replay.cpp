// Runs a target on each file of the folders given: what a fuzzer has found stays found, in every build.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder, missing))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

bool replay(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    std::fprintf(stderr, "cannot read %s\n", file.c_str());
    return false;
  }
  const std::string input((std::istreambuf_iterator<char>(stream)), {});
  // Printed before the run, so that the last line names the input that ended it.
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FOLDER …\n", argv[0]);
    return 2;
  }
  bool fine = true;
  for (int i = 1; i < argc; ++i) {
    const std::vector<std::filesystem::path> files = files_in(argv[i]);
    if (files.empty()) {
      std::fprintf(stderr, "%s: missing, or no file in it: nothing was replayed\n", argv[i]);
      fine = false;
    }
    for (const auto& file : files) fine = replay(file) && fine;
  }
  return fine ? 0 : 1;
}
