// What libcurl's errors mean.
#pragma once

#include <curl/curl.h>

#include <string>

#include "evenkeel/error.h"

namespace evenkeel::http {

// `details` is what libcurl says beside the code.
Fault fault_of(CURLcode code, const std::string& details);
// libcurl's words where it says more than the code does.
std::string reason_of(CURLcode code, const std::string& details);

// For a server that asked for a certificate of ours. By TLS 1.2 it breaks off the handshake; by TLS 1.3 the
// handshake is over by then, and the alert comes with the first read, or is lost when the connection breaks.
bool is_about_certificate(CURLcode code, const std::string& details);
std::string alert_of(const std::string& details);  // "unknown ca"
bool is_loss(CURLcode code);

}  // namespace evenkeel::http
