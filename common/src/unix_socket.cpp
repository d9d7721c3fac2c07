#include "evenkeel/unix_socket.h"

#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

#include "evenkeel/text.h"

namespace evenkeel {

namespace {

bool has_name(uid_t user, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [user](const std::string& name) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    return getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
           found->pw_uid == user;
  });
}

class Trust {
 public:
  explicit Trust(const std::vector<std::string>& names) : names_(names) {}

  bool of(uid_t user) const { return user == 0 || user == geteuid() || has_name(user, names_); }

 private:
  const std::vector<std::string>& names_;
};

// The first folder of the path in which a stranger could have put what the path goes on with.
std::string open_folder_of(const std::string& path, const Trust& trust) {
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos;
       slash = slash == 0 ? std::string::npos : path.rfind('/', slash - 1)) {
    std::string folder = slash == 0 ? "/" : path.substr(0, slash);
    const std::string entry = path.substr(0, path.find('/', slash + 1));
    struct stat status {};
    if (stat(folder.c_str(), &status) != 0 || (status.st_mode & S_IWOTH) == 0) continue;
    if ((status.st_mode & S_ISVTX) == 0) return folder;
    if (lstat(entry.c_str(), &status) == 0 && !trust.of(status.st_uid)) return folder;
  }
  return {};
}

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  std::array<char, PATH_MAX> folder{};
  return getcwd(folder.data(), folder.size()) != nullptr ? std::string(folder.data()) + "/" + path : path;
}

// Links and all: whoever can change one of them chooses the socket.
std::string open_folder(const std::string& path, const Trust& trust) {
  std::string written = open_folder_of(absolute(path), trust);
  if (!written.empty()) return written;
  std::array<char, PATH_MAX> resolved{};
  return realpath(path.c_str(), resolved.data()) != nullptr ? open_folder_of(resolved.data(), trust) : "";
}

}  // namespace

std::string flaw_of_unix_socket(const std::string& path, std::optional<uid_t> peer,
                                const std::vector<std::string>& trusted_accounts) {
  const Trust trust(trusted_accounts);
  if (peer && trust.of(*peer)) return {};
  const std::string folder = open_folder(path, trust);
  if (folder.empty()) return {};
  struct stat status {};
  const bool known = peer.has_value() || stat(path.c_str(), &status) == 0;
  const std::string owner = known ? " by uid " + std::to_string(peer.value_or(status.st_uid)) : std::string();
  return "everyone may put a socket into " + clean(folder, 200) + ", and this one was" + owner;
}

std::optional<uid_t> peer_of_unix_socket(int descriptor) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return credentials.uid;
}

}  // namespace evenkeel
