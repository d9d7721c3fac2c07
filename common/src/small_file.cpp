#include "evenkeel/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "file_descriptor.h"

namespace evenkeel {

std::string path_in_errors(const std::string& path, Content content) {
  const bool looks_like_one = path.starts_with("/") || path.starts_with("./") || path.starts_with("../");
  if (content == Content::secret && !looks_like_one) return " (value not shown)";
  return " " + clean(path, 300);
}

std::string read_small_file(const std::string& what, const std::string& path, std::size_t max_bytes,
                            Content content) {
  if (path.empty()) throw usage_error(what + ": the path is empty");
  const std::string named = what + path_in_errors(path, content) + ": ";
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file) throw usage_error(named + system_reason(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0) throw usage_error(named + system_reason(errno));
  if (!S_ISREG(status.st_mode)) throw usage_error(named + "not a regular file");
  // Whoever can write it decides where a password goes.
  if ((status.st_mode & S_IWOTH) != 0) throw usage_error(named + "world-writable; chmod o-w it");

  std::string text;
  char buffer[8192];
  while (text.size() <= max_bytes) {
    const ssize_t count = read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw usage_error(named + system_reason(errno));
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  throw usage_error(named + "larger than " + std::to_string(max_bytes >> 10) + " KiB");
}

}  // namespace evenkeel
