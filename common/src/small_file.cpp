#include "evenkeel/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "file_descriptor.h"

namespace evenkeel {

std::string path_in_errors(const std::string& path, Content content) {
  const bool looks_like_one = path.starts_with("/") || path.starts_with("./") || path.starts_with("../");
  if (content == Content::secret && !looks_like_one) return " (value not shown)";
  return " " + clean(path, 300);
}

FileText read_regular_file(const std::string& path, std::size_t max_bytes) {
  FileText result;
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) {
    result.problem = system_reason(errno);
    return result;
  }
  if (!S_ISREG(status.st_mode)) {
    result.problem = "not a regular file";
    return result;
  }
  result.is_world_writable = (status.st_mode & S_IWOTH) != 0;
  char buffer[8192];
  while (result.text.size() <= max_bytes) {
    const ssize_t count = read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) result.problem = system_reason(errno);
    if (count <= 0) break;
    result.text.append(buffer, static_cast<std::size_t>(count));
  }
  return result;
}

std::string read_small_file(const std::string& what, const std::string& path, std::size_t max_bytes,
                            Content content) {
  if (path.empty()) throw usage_error(what + ": the path is empty");
  const std::string named = what + path_in_errors(path, content) + ": ";
  FileText file = read_regular_file(path, max_bytes);
  // Whoever can write it decides where a password goes.
  if (file.is_world_writable) throw usage_error(named + "world-writable; chmod o-w it");
  if (!file.problem.empty()) throw usage_error(named + file.problem);
  if (file.text.size() > max_bytes)
    throw usage_error(named + "larger than " + std::to_string(max_bytes >> 10) + " KiB");
  return std::move(file.text);
}

}  // namespace evenkeel
