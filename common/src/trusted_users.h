// The users whom we give a password, by their numbers.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace evenkeel {

class TrustedUsers {
 public:
  // Root, ourselves, and the accounts with these names.
  explicit TrustedUsers(const std::vector<std::string>& names);

  bool include(uid_t user) const;

 private:
  const std::vector<std::string>& names_;
};

}  // namespace evenkeel
