#include "pem_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "evenkeel/error.h"

namespace evenkeel::mysql {

namespace {

// The authorities of a system are a quarter of a MiB.
constexpr std::size_t max_bytes = 4u << 20;

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
};

bool holds(std::string_view text, Pem kind) {
  const std::string_view end_of_label = kind == Pem::certificate ? "CERTIFICATE-----" : "PRIVATE KEY-----";
  return text.find("-----BEGIN ") != std::string_view::npos &&
         text.find(end_of_label) != std::string_view::npos;
}

}  // namespace

std::string flaw_of_pem_file(const std::string& path, Pem kind) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
  if (file.number < 0) return system_reason(errno);
  struct stat status {};
  if (fstat(file.number, &status) != 0) return system_reason(errno);
  if (!S_ISREG(status.st_mode)) return "not a regular file";
  std::string text;
  std::array<char, 16384> buffer;
  while (text.size() < max_bytes) {
    const ssize_t count = read(file.number, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_reason(errno);
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (holds(text, kind)) return {};
  return kind == Pem::certificate ? "no certificate in PEM" : "no private key in PEM";
}

}  // namespace evenkeel::mysql
