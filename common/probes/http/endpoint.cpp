#include <arpa/inet.h>

#include <algorithm>

#include "evenkeel/http/http_client.h"
#include "evenkeel/target.h"
#include "evenkeel/text.h"

namespace evenkeel::http {

namespace {

std::size_t begin_of_authority(const std::string& url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string::npos ? 0 : scheme + 3;
}

std::size_t end_of_authority(const std::string& url) {
  return std::min(url.find_first_of("/?#", begin_of_authority(url)), url.size());
}

// "[::1]:8080" of "http://u:p@[::1]:8080/page"
std::string authority_of(const std::string& url) {
  const std::size_t begin = begin_of_authority(url);
  const std::string authority = url.substr(begin, end_of_authority(url) - begin);
  return authority.substr(authority.rfind('@') + 1);
}

struct Origin {
  std::string host;  // in small letters, without brackets
  std::string port;
  bool tls;

  explicit Origin(const std::string& url) : tls(lower(url.substr(0, 6)) == "https:") {
    const std::string authority = authority_of(url);
    const std::size_t colon = authority.rfind(':');
    const bool has_port = colon != std::string::npos && authority.find(']', colon) == std::string::npos;
    host = lower(authority.substr(0, has_port ? colon : std::string::npos));
    if (has_port) port = authority.substr(colon + 1);
    if (port.empty()) port = tls ? "443" : "80";
  }
};

// From http to https on the usual ports is the same server, and the other way round would tell secrets.
bool same_server(const Origin& from, const Origin& to) {
  if (from.host != to.host) return false;
  if (from.tls == to.tls) return from.port == to.port;
  return to.tls && from.port == "80" && to.port == "443";
}

// "localhost" leads to no other machine: libcurl does not look it up. What other names lead to is for others
// to say.
bool is_loopback(std::string host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1)
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == IN_LOOPBACKNET);
  return lower(host) == "localhost";
}

}  // namespace

Endpoint redirected(const Endpoint& from, const std::string& url) {
  const Origin here(from.url);
  const Origin there(url);
  Endpoint to = from;
  to.url = url;
  if (!same_server(here, there)) {
    to.headers.clear();
    to.credentials.reset();
    to.cert_file.clear();
    to.key_file.clear();
  }
  if (here.host != there.host) {
    to.connect_to.clear();
    to.unix_socket.clear();
  }
  return to;
}

bool Endpoint::wants_tls() const { return url.starts_with("https:") || !proxy.empty() || follow_redirects; }

bool Endpoint::may_hand_over_password() const {
  if (!unix_socket.empty()) return true;
  const Origin origin(url);
  if (origin.tls) return verify;
  return proxy.empty() && is_loopback(connect_to.empty() ? origin.host : connect_to);
}

std::string Endpoint::server() const {
  if (!unix_socket.empty()) return unix_socket;
  const std::string authority = authority_of(url);
  return connect_to.empty() ? authority : connect_to + " for " + authority;
}

std::string Endpoint::where() const {
  const std::string authority = authority_of(url);
  if (!unix_socket.empty() || connect_to.empty() || named_by(name, authority) == Named::nothing)
    return server();
  const std::string port = Origin(url).port;
  return (connect_to.find(':') == std::string::npos ? connect_to : "[" + connect_to + "]") + ":" + port;
}

bool Endpoint::is_named() const { return named_by(name, where()) != Named::nothing; }

std::string Endpoint::place(const std::string& preposition) const {
  return place_of_step(preposition, name, where());
}

std::string Endpoint::page() const {
  const std::size_t begin = end_of_authority(url);
  const std::string path = url.substr(begin, std::min(url.find_first_of("?#", begin), url.size()) - begin);
  return path.empty() ? "/" : path;
}

}  // namespace evenkeel::http
