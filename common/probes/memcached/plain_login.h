// Logs in by SASL's PLAIN on a connected socket. libmemcached does so over TCP alone: over a Unix socket it
// takes a user and password, and then begins without them. Source: memcached, doc/protocol-binary.xml; RFC
// 4616.
#pragma once

#include "evenkeel/auth_file.h"
#include "evenkeel/deadline.h"

namespace evenkeel::memcached {

enum class LoginResult { done, refused, no_sasl, more_than_plain, no_memcached, closed, timed_out };

LoginResult log_in_by_plain(int descriptor, const Credentials& credentials, const Deadline& deadline);

}  // namespace evenkeel::memcached
