// Certificates and keys as files, looked at before a server is asked: the client library calls one that is
// none a TLS error of the server.
#pragma once

#include <string>

namespace evenkeel::mysql {

enum class Pem { certificate, key };

// Why the file cannot be used; empty where it may.
std::string flaw_of_pem_file(const std::string& path, Pem kind);

}  // namespace evenkeel::mysql
