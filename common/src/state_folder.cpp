#include "state_folder.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::state {

std::string reason(int error) {
  return error == ELOOP ? "a link, which is not followed" : system_words(error);
}

std::string complaint(const std::string& where, const std::string& why) {
  return "could not keep state in " + where + ": " + why;
}

namespace {

constexpr const char* shared_directory = "/var/lib/evenkeel";

struct Directory {
  std::string path;
  bool is_home = false;  // made with its parents, for this user alone
};

bool is_user_folder_in(const std::string& directory) {
  struct stat status {};
  return lstat((directory + '/' + std::to_string(geteuid())).c_str(), &status) == 0;
}

// A run by hand as root often has the environment of somebody else: a folder that root makes in there
// would lock that somebody out.
bool is_anothers_home(std::string path) {
  if (geteuid() != 0) return false;
  struct stat status {};
  while (stat(path.c_str(), &status) != 0) {
    const std::size_t slash = path.rfind('/');
    if (slash == 0 || slash == std::string::npos) return false;
    path.resize(slash);
  }
  return status.st_uid != 0;
}

std::string absolute_path_from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value == '/' ? value : "";
}

std::string home_of_user() {
  std::string home = absolute_path_from_environment("HOME");
  if (!home.empty() && !is_anothers_home(home)) return home;
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found && found->pw_dir && *found->pw_dir == '/' ? found->pw_dir : "";
}

Directory directory_of_user() {
  const std::string state_home = absolute_path_from_environment("XDG_STATE_HOME");
  if (!state_home.empty() && !is_anothers_home(state_home)) return {state_home + "/evenkeel", true};
  const std::string home = home_of_user();
  if (home.empty()) return {};
  return {home + "/.local/state/evenkeel", true};
}

Directory state_directory(const std::string& given) {
  if (!given.empty()) return {given};
  if (const char* named = std::getenv("EVENKEEL_STATE_DIR"); named && *named) return {named};
  if (is_user_folder_in(shared_directory) ||
      faccessat(AT_FDCWD, shared_directory, W_OK | X_OK, AT_EACCESS) == 0)
    return {shared_directory};
  return directory_of_user();
}

// O_NOFOLLOW looks at the last component only, and "link/" has an empty one.
void strip_trailing_slashes(std::string& path) {
  while (path.size() > 1 && (path.ends_with('/') || path.ends_with("/.")))
    path.resize(path.size() - (path.ends_with('/') ? 1 : 2));
  if (path.empty()) path = "/";
}

// Returns errno of what kept the directory from being made, 0 where it is there. It is for this user alone:
// only the package makes one for all, /var/lib/evenkeel.
int make_directory(const Directory& directory) {
  if (directory.is_home)
    for (std::size_t slash = directory.path.find('/', 1); slash != std::string::npos;
         slash = directory.path.find('/', slash + 1))
      mkdir(directory.path.substr(0, slash).c_str(), 0700);
  return mkdir(directory.path.c_str(), 0700) == 0 || errno == EEXIST ? 0 : errno;
}

std::string why_not_trusted(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return reason(errno);
  if (status.st_uid != geteuid()) return "the folder belongs to user id " + std::to_string(status.st_uid);
  if ((status.st_mode & 077) != 0) return "others have access to the folder, wanted is mode 0700";
  return {};
}

// Of the directory that holds a folder per user. Without the sticky bit, whoever may write there may put
// another folder in the place of ours.
std::string why_not_shared(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return reason(errno);
  if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
    return "everybody may replace what is in it, wanted is mode 0700, or 1777";
  return {};
}

FileDescriptor open_directory(int parent, const std::string& name, int access) {
  FileDescriptor fd(openat(parent, name.c_str(), access | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd && errno == ENOTDIR) {
    const bool link =
        fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
    errno = link ? ELOOP : ENOTDIR;
  }
  return fd;
}

// One that is not there is made, where it shall be. Fails with errno, best with that of the making.
template <class Make>
FileDescriptor open_or_make(int parent, const std::string& name, int access, bool create, const Make& make) {
  FileDescriptor fd = open_directory(parent, name, access);
  if (fd || errno != ENOENT || !create) return fd;
  const int error = make();
  fd = open_directory(parent, name, access);
  if (!fd && errno == ENOENT && error != 0) errno = error;
  return fd;
}

// Root's way to a directory, component by component. Who may run us as root, and choose the path, must not
// make root work in a place of his choice: links are followed where root alone could have made them, and no
// folder is made in a folder of somebody else, whom it would lock out.
class RootsWay {
 public:
  RootsWay(const Directory& directory, bool create) : directory_(directory), create_(create) {
    begin_at(directory.path);
  }

  // O_PATH; fails with errno.
  FileDescriptor walk() {
    while (here_ && !ahead_.empty()) {
      const std::string name = std::move(ahead_.front());
      ahead_.pop_front();
      FileDescriptor next = open_directory(here_.get(), name, O_PATH);
      if (!next && errno == ENOENT && may_make()) next = make(name);
      if (!next && errno == ELOOP && follow(name)) continue;
      if (!next) return FileDescriptor();
      here_ = std::move(next);
    }
    return std::move(here_);
  }

 private:
  void begin_at(std::string_view path) {
    if (path.starts_with('/') || !here_)
      here_ = FileDescriptor(open(path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::deque<std::string> names;
    while (!path.empty())
      if (const std::string_view name = take_until(path, '/'); !name.empty() && name != ".")
        names.emplace_back(name);
    ahead_.insert(ahead_.begin(), names.begin(), names.end());
  }

  bool may_make() const { return create_ && (ahead_.empty() || directory_.is_home); }

  bool is_roots_alone() const {
    struct stat status {};
    return fstat(here_.get(), &status) == 0 && status.st_uid == 0 && (status.st_mode & 022) == 0;
  }

  FileDescriptor make(const std::string& name) const {
    struct stat status {};
    if (fstat(here_.get(), &status) != 0) return FileDescriptor();
    if (status.st_uid != 0) {
      errno = EPERM;
      return FileDescriptor();
    }
    if (mkdirat(here_.get(), name.c_str(), 0700) != 0 && errno != EEXIST) return FileDescriptor();
    return open_directory(here_.get(), name, O_PATH);
  }

  // Never the directory itself; fails with ELOOP.
  bool follow(const std::string& name) {
    struct stat status {};
    std::array<char, 4096> target{};
    const bool trusted = !ahead_.empty() && is_roots_alone() && ++links_ <= 40 &&
                         fstatat(here_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                         status.st_uid == 0;
    const ssize_t length = trusted ? readlinkat(here_.get(), name.c_str(), target.data(), target.size()) : -1;
    if (length > 0) {
      begin_at(std::string_view(target.data(), static_cast<std::size_t>(length)));
      return true;
    }
    errno = ELOOP;
    return false;
  }

  const Directory& directory_;
  const bool create_;
  FileDescriptor here_;
  std::deque<std::string> ahead_;
  int links_ = 0;
};

FileDescriptor open_parent(const Directory& directory, bool create) {
  if (geteuid() == 0) return RootsWay(directory, create).walk();
  // O_PATH: a directory in which we may only pass is enough.
  return open_or_make(AT_FDCWD, directory.path, O_PATH, create, [&] { return make_directory(directory); });
}

// The user's own folder in `directory`.
Folder open_in(Directory directory, bool create, bool& taken) {
  Folder folder;
  strip_trailing_slashes(directory.path);
  const std::string user = std::to_string(geteuid());
  folder.path = directory.path + '/' + user;
  const FileDescriptor parent = open_parent(directory, create);
  if (parent) {
    if (const std::string why = why_not_shared(parent.get()); !why.empty()) {
      taken = true;
      folder.problem = complaint(directory.path, why);
      return folder;
    }
    folder.fd = open_or_make(parent.get(), user, O_RDONLY, create,
                             [&] { return mkdirat(parent.get(), user.c_str(), 0700) == 0 ? 0 : errno; });
  }
  if (!folder.fd) {
    const int error = errno;
    // What somebody put in its place, or a directory that is another user's alone.
    taken = error == EACCES || (parent && (error == ELOOP || error == ENOTDIR));
    if (create || error != ENOENT) folder.problem = complaint(directory.path, reason(error));
    return folder;
  }
  if (const std::string why = why_not_trusted(folder.fd.get()); !why.empty()) {
    taken = true;
    folder.problem = complaint(folder.path, why);
    folder.fd.close();
  }
  return folder;
}

}  // namespace

Folder open_folder(const std::string& given, bool create) {
  const Directory directory = state_directory(given);
  if (directory.path.empty()) {
    Folder none;
    none.problem = "could not keep state: no writable folder, see --state-dir";
    return none;
  }
  bool taken = false;
  Folder folder = open_in(directory, create, taken);
  const Directory own = directory_of_user();
  if (!taken || own.path.empty() || own.path == directory.path) return folder;
  Folder instead = open_in(own, create, taken);
  if (!instead.fd && !instead.problem.empty()) return folder;
  instead.problem = folder.problem + "; it is kept in " + instead.path;
  return instead;
}

}  // namespace evenkeel::state
