#include "curl_error.h"

#include "evenkeel/text.h"

namespace evenkeel::http {

Fault fault_of(CURLcode code, const std::string& details) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Fault::timeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return Fault::untrusted;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
      return Fault::usage;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
      return Fault::unreachable;
    case CURLE_RECV_ERROR:
      // libcurl says the same of an answer that it cannot decode.
      return details.starts_with("Recv failure") ? Fault::unreachable : Fault::protocol;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return Fault::internal;
    default:
      return Fault::protocol;
  }
}

// libcurl's words where it says more than the code does.
std::string reason_of(CURLcode code, const std::string& details) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the name does not resolve";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "the name in --proxy does not resolve";
    case CURLE_OPERATION_TIMEDOUT:
      return "timed out";
    case CURLE_GOT_NOTHING:
      return "the server closed the connection without an answer";
    case CURLE_PARTIAL_FILE:
      return "the answer is cut short";
    case CURLE_RECV_ERROR:
      return details.starts_with("Recv failure") ? "the connection was lost" : lower(details);
    case CURLE_SEND_ERROR:
      return "the connection was lost";
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return "what answers there does not speak HTTP";
    default:
      return details.find("wrong version number") == std::string::npos
                 ? details
                 : "the server does not speak TLS there";
  }
}

bool is_about_certificate(CURLcode code, const std::string& details) {
  const bool alert = details.find(" alert ") != std::string::npos;
  return alert && (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
                   code == CURLE_SSL_CERTPROBLEM);
}

std::string alert_of(const std::string& details) {
  const std::size_t found = details.find(" alert ");
  if (found == std::string::npos) return details;
  const std::size_t begin = found + std::string_view(" alert ").size();
  return details.substr(begin, details.find(',', begin) - begin);
}

bool is_loss(CURLcode code) {
  return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
         code == CURLE_GOT_NOTHING;
}

}  // namespace evenkeel::http
