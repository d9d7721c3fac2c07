#include "trusted_users.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "evenkeel/text.h"
#include "file_descriptor.h"

namespace evenkeel {

namespace {

// Empty where there is none.
std::string first_bytes_of(const char* path) {
  const FileDescriptor file(open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 256> buffer{};
  const ssize_t count = file ? read(file.get(), buffer.data(), buffer.size()) : 0;
  return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : std::string();
}

// The number that stands for every user without a number of its own in our user namespace.
uid_t overflow_uid() {
  constexpr uid_t kernel_default = 65534;
  return parse_integer<uid_t>(trim(first_bytes_of("/proc/sys/kernel/overflowuid"))).value_or(kernel_default);
}

// In a container without root, users outside of it have none. Where that cannot be seen, they may be there.
bool every_user_has_a_number() {
  const std::string map = first_bytes_of("/proc/self/uid_map");
  std::vector<std::string> fields;
  for (std::size_t from = 0; from < map.size();) {
    const std::size_t begin = std::min(map.find_first_not_of(" \n", from), map.size());
    from = std::min(map.find_first_of(" \n", begin), map.size());
    if (begin < from) fields.push_back(map.substr(begin, from - begin));
  }
  return fields == std::vector<std::string>{"0", "0", "4294967295"};
}

bool has_name(uid_t user, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [user](const std::string& name) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    return getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
           found->pw_uid == user;
  });
}

}  // namespace

TrustedUsers::TrustedUsers(const std::vector<std::string>& names) : names_(names) {}

bool TrustedUsers::include(uid_t user) const {
  if (user == 0) return true;
  // Our own number may be this one, too, and would then be that of every stranger outside.
  if (user == overflow_uid() && !every_user_has_a_number()) return false;
  return user == geteuid() || has_name(user, names_);
}

}  // namespace evenkeel
