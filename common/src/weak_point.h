// The way to a file, as the kernel goes it, and who else could have changed where it leads.
#pragma once

#include <string>

#include "trusted_users.h"

namespace evenkeel {

struct WeakPoint {
  std::string folder;    // empty where there is none
  bool is_open = false;  // everyone may put something into the folder; else what was there is gone
};

// The first place on the way to `path`, links and all, at which a stranger could have changed what the path
// leads to, also a moment ago.
//
// That is every folder that is writable for everyone. In a sticky one, a folder of a trusted user that only
// this user can write to is safe: nobody else can remove it, and nobody can move one there. A file, a socket
// or a link is not, whoever owns it: a stranger moves a trusted user's file there from a folder of his own.
// What is gone, or cannot be looked at, is a weak point as well.
WeakPoint weak_point_of(const std::string& path, const TrustedUsers& trusted);

}  // namespace evenkeel
