#include "weak_point.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <utility>
#include <vector>

#include "file_descriptor.h"

namespace evenkeel {

namespace {

constexpr int max_links = 40;  // the kernel's own limit

// Empty where there is no path, or the working folder is gone or out of reach of the root folder.
std::string absolute(const std::string& path) {
  if (path.empty() || path.starts_with('/')) return path;
  std::array<char, PATH_MAX> folder{};
  const bool known = getcwd(folder.data(), folder.size()) != nullptr && folder[0] == '/';
  return known ? std::string(folder.data()) + "/" + path : "";
}

// Holds each folder open while it goes on from there: a path could lead elsewhere the next time.
class Walk {
 public:
  Walk(const std::string& path, const TrustedUsers& trusted) : trusted_(trusted) {
    add(absolute(path));
    start_at_root();
  }

  WeakPoint weak_point() {
    if (ahead_.empty()) return {"/", false};
    while (!ahead_.empty()) {
      const std::string name = std::move(ahead_.back());
      ahead_.pop_back();
      if (name.empty() || name == ".") continue;
      FileDescriptor entry(openat(folder_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (name != ".." && may_be_a_strangers(entry)) return {shown(), true};
      if (!entry || !go_on(entry, name)) return {shown(), false};
    }
    return {};
  }

 private:
  void add(const std::string& path) {
    if (path.empty()) return;
    for (std::size_t end = path.size(); end != std::string::npos;) {
      const std::size_t slash = end == 0 ? std::string::npos : path.rfind('/', end - 1);
      const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
      ahead_.push_back(path.substr(begin, end - begin));
      end = slash;
    }
  }

  void start_at_root() {
    folder_ = FileDescriptor(open("/", O_PATH | O_CLOEXEC));
    shown_.clear();
  }

  bool may_be_a_strangers(const FileDescriptor& entry) const {
    struct stat status {};
    if (fstat(folder_.get(), &status) != 0) return true;
    if ((status.st_mode & S_IWOTH) == 0) return false;
    // The owner of a sticky folder moves what is in it as well.
    if ((status.st_mode & S_ISVTX) == 0 || !trusted_.include(status.st_uid)) return true;
    if (!entry || fstat(entry.get(), &status) != 0) return true;
    return !S_ISDIR(status.st_mode) || !trusted_.include(status.st_uid) || (status.st_mode & S_IWGRP) != 0;
  }

  bool go_on(FileDescriptor& entry, const std::string& name) {
    struct stat status {};
    if (fstat(entry.get(), &status) != 0) return false;
    if (S_ISLNK(status.st_mode)) return follow(entry, name);
    enter(std::move(entry), name);
    return true;
  }

  void enter(FileDescriptor entry, const std::string& name) {
    folder_ = std::move(entry);
    if (name == "..")
      shown_.resize(shown_.empty() ? 0 : shown_.rfind('/'));
    else
      shown_ += "/" + name;
  }

  bool follow(const FileDescriptor& link, const std::string& name) {
    if (++links_ > max_links) return false;
    // /proc/PID/root leads into a container: its text does not say where.
    struct statfs system {};
    if (fstatfs(link.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC) {
      FileDescriptor behind(openat(folder_.get(), name.c_str(), O_PATH | O_CLOEXEC));
      if (!behind) return false;
      enter(std::move(behind), name);
      return true;
    }
    std::array<char, PATH_MAX> text{};
    const ssize_t length = readlinkat(link.get(), "", text.data(), text.size());
    if (length <= 0) return false;
    const std::string target(text.data(), static_cast<std::size_t>(length));
    if (target.starts_with('/')) start_at_root();
    add(target);
    return true;
  }

  std::string shown() const { return shown_.empty() ? "/" : shown_; }

  const TrustedUsers& trusted_;
  std::vector<std::string> ahead_;  // the next one last
  FileDescriptor folder_;
  std::string shown_;
  int links_ = 0;
};

}  // namespace

WeakPoint weak_point_of(const std::string& path, const TrustedUsers& trusted) {
  return Walk(path, trusted).weak_point();
}

}  // namespace evenkeel
