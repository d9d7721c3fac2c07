#include "state_folder.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "evenkeel/error.h"

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

Directory state_directory(const std::string& given) {
  if (!given.empty()) return {given};
  if (const char* named = std::getenv("EVENKEEL_STATE_DIR"); named && *named) return {named};
  if (is_user_folder_in(shared_directory) ||
      faccessat(AT_FDCWD, shared_directory, W_OK | X_OK, AT_EACCESS) == 0)
    return {shared_directory};
  const std::string state_home = absolute_path_from_environment("XDG_STATE_HOME");
  if (!state_home.empty() && !is_anothers_home(state_home)) return {state_home + "/evenkeel", true};
  const std::string home = home_of_user();
  if (home.empty()) return {};
  return {home + "/.local/state/evenkeel", true};
}

// O_NOFOLLOW looks at the last component only, and "link/" has an empty one.
void strip_trailing_slashes(std::string& path) {
  while (path.size() > 1 && (path.ends_with('/') || path.ends_with("/.")))
    path.resize(path.size() - (path.ends_with('/') ? 1 : 2));
  if (path.empty()) path = "/";
}

// Returns errno of what kept the directory from being made, 0 where it is there.
int make_directory(const Directory& directory) {
  if (directory.is_home)
    for (std::size_t slash = directory.path.find('/', 1); slash != std::string::npos;
         slash = directory.path.find('/', slash + 1))
      mkdir(directory.path.substr(0, slash).c_str(), 0700);
  if (mkdir(directory.path.c_str(), 0700) != 0) return errno == EEXIST ? 0 : errno;

  // Root's folder must serve the users that run the check on schedule, like /var/lib/evenkeel.
  if (directory.is_home || geteuid() != 0) return 0;
  const FileDescriptor made(open(directory.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return made && fchmod(made.get(), 01777) == 0 ? 0 : errno;
}

std::string why_not_trusted(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return reason(errno);
  if (status.st_uid != geteuid()) return "the folder belongs to user id " + std::to_string(status.st_uid);
  if ((status.st_mode & 077) != 0) return "others have access to the folder, wanted is mode 0700";
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

// The user's own folder in `directory`. Fails with errno.
FileDescriptor open_user_folder(const Directory& directory, const std::string& user, bool create) {
  // O_PATH: a directory in which we may only pass is enough.
  const FileDescriptor parent =
      open_or_make(AT_FDCWD, directory.path, O_PATH, create, [&] { return make_directory(directory); });
  if (!parent) return FileDescriptor();
  return open_or_make(parent.get(), user, O_RDONLY, create,
                      [&] { return mkdirat(parent.get(), user.c_str(), 0700) == 0 ? 0 : errno; });
}

}  // namespace

Folder open_folder(const std::string& given, bool create) {
  Folder folder;
  Directory directory = state_directory(given);
  if (directory.path.empty()) {
    folder.problem = "could not keep state: no writable folder, see --state-dir";
    return folder;
  }
  strip_trailing_slashes(directory.path);
  const std::string user = std::to_string(geteuid());
  folder.path = directory.path + '/' + user;
  folder.fd = open_user_folder(directory, user, create);
  if (!folder.fd) {
    if (create || errno != ENOENT) folder.problem = complaint(directory.path, reason(errno));
    return folder;
  }
  if (const std::string why = why_not_trusted(folder.fd.get()); !why.empty()) {
    folder.problem = complaint(folder.path, why);
    folder.fd.close();
  }
  return folder;
}

}  // namespace evenkeel::state
