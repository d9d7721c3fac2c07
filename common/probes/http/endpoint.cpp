#include <algorithm>

#include "evenkeel/http/http_client.h"

namespace evenkeel::http {

namespace {

std::size_t begin_of_authority(const std::string& url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string::npos ? 0 : scheme + 3;
}

std::size_t end_of_authority(const std::string& url) {
  return std::min(url.find_first_of("/?#", begin_of_authority(url)), url.size());
}

}  // namespace

bool Endpoint::wants_tls() const { return url.starts_with("https:") || !proxy.empty() || follow_redirects; }

std::string Endpoint::server() const {
  if (!unix_socket.empty()) return unix_socket;
  const std::size_t begin = begin_of_authority(url);
  const std::string authority = url.substr(begin, end_of_authority(url) - begin);
  return connect_to.empty() ? authority : connect_to + " for " + authority;
}

std::string Endpoint::page() const {
  const std::size_t begin = end_of_authority(url);
  const std::string path = url.substr(begin, std::min(url.find_first_of("?#", begin), url.size()) - begin);
  return path.empty() ? "/" : path;
}

}  // namespace evenkeel::http
