#include "evenkeel/bare_tls.h"

#include <dlfcn.h>

#include <cstdint>

namespace evenkeel {

namespace {

using Start = int (*)(std::uint64_t options, const void* settings);

// Sources: OpenSSL's manual, OPENSSL_init_crypto(3) and OPENSSL_init_ssl(3).
constexpr std::uint64_t no_crypto_strings = 0x1, no_ciphers = 0x10, no_digests = 0x20, no_config = 0x80,
                        no_ssl_strings = 0x100000;

void start(const char* function, std::uint64_t options) {
  // Not linked: which library does TLS is the client libraries' choice.
  if (const auto call = reinterpret_cast<Start>(dlsym(RTLD_DEFAULT, function))) call(options, nullptr);
}

}  // namespace

void start_tls_library_bare() {
  start("OPENSSL_init_crypto", no_crypto_strings | no_ciphers | no_digests | no_config);
  start("OPENSSL_init_ssl", no_crypto_strings | no_config | no_ssl_strings);
}

}  // namespace evenkeel
