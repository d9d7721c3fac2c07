// For runs without TLS. Client libraries start OpenSSL whatever they are told, and its tables of ciphers,
// error strings and configuration file take a good part of a short run.
#pragma once

namespace evenkeel {

// Starts OpenSSL without those, so that nothing is left to start; does nothing where the process has no
// OpenSSL. Call it before the client library's own start.
void start_tls_library_bare();

}  // namespace evenkeel
