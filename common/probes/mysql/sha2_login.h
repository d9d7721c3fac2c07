// Our own client side of caching_sha2_password and sha256_password, in place of libmariadb's. libmariadb
// encrypts the password for whatever RSA key the server sends, and sends it as it is inside TLS that was not
// verified. Ours hands over the password only where the channel is trusted: over a Unix socket, or over TLS
// whose certificate and name were verified. Elsewhere only caching_sha2_password's fast path is used, which
// sends a scramble.
// Source: MySQL Source Code Documentation, "Caching_sha2_password information".
#pragma once

#include <string>

namespace evenkeel::mysql {

// What the login on this thread may do, until it goes out of scope. One per thread at a time; without one,
// no password is handed over.
class PasswordGuard {
 public:
  PasswordGuard(const std::string& password, bool trusted_channel);
  ~PasswordGuard();
  PasswordGuard(const PasswordGuard&) = delete;
  PasswordGuard& operator=(const PasswordGuard&) = delete;

  const std::string& password() const { return password_; }
  bool trusted_channel() const { return trusted_channel_; }

  // The server wanted the password itself and did not get it.
  bool refused() const { return refused_; }
  // It did so after a scramble, which it does for a wrong password, too.
  bool scramble_was_sent() const { return scramble_was_sent_; }
  void note_scramble() { scramble_was_sent_ = true; }
  void refuse() { refused_ = true; }

  // Once, before there are threads. Throws Error(Fault::internal) where the client library does not let us.
  static void install();

 private:
  const std::string& password_;
  bool trusted_channel_;
  bool refused_ = false;
  bool scramble_was_sent_ = false;
};

}  // namespace evenkeel::mysql
