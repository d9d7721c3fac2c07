// Verifies a server's certificate and name in OpenSSL itself, during the handshake. libmariadb's own
// verification depends on its version: 3.4 does not look at the name of a server at 127.0.0.1 or ::1, takes
// any certificate there unless an authority was given, and lets a server elsewhere log us in before it
// decides.
#pragma once

#include <optional>
#include <string>

namespace evenkeel::mysql {

// What the handshake on this thread must prove, until it goes out of scope. One per thread at a time; without
// one, handshakes are libmariadb's own business.
class TlsVerification {
 public:
  // `host`: a name or an IP address, without brackets.
  explicit TlsVerification(std::string host);
  ~TlsVerification();
  TlsVerification(const TlsVerification&) = delete;
  TlsVerification& operator=(const TlsVerification&) = delete;

  const std::string& host() const { return host_; }

  // The handshake ended, and the certificate and the name held.
  bool succeeded() const { return succeeded_; }
  // What did not hold, in OpenSSL's words; empty where nothing did not.
  const std::string& problem() const { return problem_; }
  // The certificate is sound, and for somebody else.
  bool wrong_name() const { return wrong_name_; }

  // For the handshake.
  void note_success() { succeeded_ = true; }
  void note_problem(std::string problem, bool wrong_name) {
    problem_ = std::move(problem);
    wrong_name_ = wrong_name;
  }

 private:
  std::string host_;
  std::string problem_;
  bool succeeded_ = false;
  bool wrong_name_ = false;
};

// Whether handshakes of this thread's TlsVerification went well; false without one.
bool tls_was_verified();

}  // namespace evenkeel::mysql
