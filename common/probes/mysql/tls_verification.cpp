#include "tls_verification.h"

#include <dlfcn.h>

#include <utility>

#include "client_library.h"
#include "evenkeel/error.h"

namespace evenkeel::mysql {

// OpenSSL 3, as <openssl/ssl.h> has it. Whoever links a plugin has no need of its headers and libraries.
struct Tls;

}  // namespace evenkeel::mysql

extern "C" int SSL_connect(evenkeel::mysql::Tls* tls);

namespace evenkeel::mysql {

namespace {

thread_local TlsVerification* current = nullptr;

struct Parameters;
using Verify = int (*)(int preverified, void* context);

constexpr int verify_peer = 1;
constexpr long verified = 0;           // X509_V_OK
constexpr long host_mismatch = 62;     // X509_V_ERR_HOSTNAME_MISMATCH
constexpr long address_mismatch = 64;  // X509_V_ERR_IP_ADDRESS_MISMATCH

struct OpenSsl {
  Parameters* (*parameters_of)(Tls*);
  int (*set_address)(Parameters*, const char*);
  int (*set_host)(Parameters*, const char*, std::size_t);
  void (*set_verify)(Tls*, int, Verify);
  long (*result_of)(const Tls*);
  const char* (*words_for)(long);
};

// Looked up before libmariadb is at work: nothing is thrown through its frames.
const OpenSsl& openssl() {
  static const OpenSsl functions{
      client_library_function<decltype(OpenSsl::parameters_of)>("SSL_get0_param"),
      client_library_function<decltype(OpenSsl::set_address)>("X509_VERIFY_PARAM_set1_ip_asc"),
      client_library_function<decltype(OpenSsl::set_host)>("X509_VERIFY_PARAM_set1_host"),
      client_library_function<decltype(OpenSsl::set_verify)>("SSL_set_verify"),
      client_library_function<decltype(OpenSsl::result_of)>("SSL_get_verify_result"),
      client_library_function<decltype(OpenSsl::words_for)>("X509_verify_cert_error_string")};
  return functions;
}

// libmariadb 3.4 has a callback of its own that takes any certificate, and OpenSSL keeps it unless another is
// set.
int as_verified(int preverified, void* /*context*/) { return preverified; }

// Throws where libmariadb would call OpenSSL's function and not the one below.
void require_ours() {
  if (client_library_symbol("SSL_connect") != reinterpret_cast<void*>(&SSL_connect))
    throw Error(Fault::internal,
                "this program does not stand between libmariadb and OpenSSL, so that a server would not be "
                "verified: link it with -Wl,--export-dynamic-symbol=SSL_connect");
}

// False where the host can be in no certificate.
bool demand(Tls* tls, const std::string& host) {
  Parameters* const parameters = openssl().parameters_of(tls);
  if (openssl().set_address(parameters, host.c_str()) != 1 &&
      openssl().set_host(parameters, host.c_str(), 0) != 1)
    return false;
  openssl().set_verify(tls, verify_peer, as_verified);
  return true;
}

void note_result(const Tls* tls, bool connected) {
  const long result = openssl().result_of(tls);
  if (connected && result == verified) return current->note_success();
  if (result == verified) return;  // it failed for another reason
  current->note_problem(openssl().words_for(result), result == host_mismatch || result == address_mismatch);
}

int connect_verified(Tls* tls, int (*connect)(Tls*)) {
  if (!demand(tls, current->host())) {
    current->note_problem("no name that a certificate could have", true);
    return -1;
  }
  const int connected = connect(tls);
  note_result(tls, connected == 1);
  return connected == 1 && !current->succeeded() ? -1 : connected;
}

}  // namespace

TlsVerification::TlsVerification(std::string host) : host_(std::move(host)) {
  openssl();
  require_ours();
  current = this;
}

TlsVerification::~TlsVerification() { current = nullptr; }

bool tls_was_verified() { return current != nullptr && current->succeeded(); }

}  // namespace evenkeel::mysql

// Stands in for OpenSSL's: libmariadb 3.3 and 3.4 have no other place in common where a name can be demanded.
int SSL_connect(evenkeel::mysql::Tls* tls) {
  const auto connect = reinterpret_cast<int (*)(evenkeel::mysql::Tls*)>(dlsym(RTLD_NEXT, "SSL_connect"));
  if (connect == nullptr) return -1;
  return evenkeel::mysql::current == nullptr ? connect(tls) : evenkeel::mysql::connect_verified(tls, connect);
}
