// A GET over HTTP, as plain values and typed errors; the seam where test doubles go. Nothing here knows
// which client library is behind it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/auth_file.h"
#include "evenkeel/deadline.h"
#include "evenkeel/error.h"
#include "evenkeel/trace.h"

namespace evenkeel::http {

// What to ask, where and as whom.
struct Endpoint {
  std::string name;         // how reports call the target
  std::string url;          // holds no credentials
  std::string connect_to;   // connect to this host, keep the URL's for Host and TLS; empty: the URL's
  std::string unix_socket;  // connect here instead
  std::vector<std::string> headers;
  std::optional<Credentials> credentials;  // by digest where the server offers it, else basic where it may be
  std::string ca_file;                     // empty: the system's authorities
  std::string cert_file;                   // our own certificate, PEM; empty: none
  std::string key_file;                    // its key; empty: in cert_file
  bool verify = true;                      // the server's certificate and name; off with --insecure
  bool follow_redirects = false;
  std::string proxy;  // empty: none, whatever the environment says; "env": what the environment says
  // Whether the part of a 200's body that has come tells all: the rest is not read. Empty: read it all.
  std::function<bool(std::string_view body)> enough;

  bool wants_tls() const;
  // Basic authentication gives the password to whoever answers. It is for a server that has proved who it is
  // by TLS, for a Unix socket, whose peer is looked at, and for what does not leave the machine.
  bool may_hand_over_password() const;
  // For people. The page is the URL's path, without its query, which may hold a secret.
  std::string server() const;  // "web1:80", "[::1]:80", "192.0.2.7:80 for web1:80" or the socket's path
  std::string page() const;    // "/server-status"
  // Of a step: where it happens, whether the name says at least the host of that, and what stands behind the
  // name: "", " on port 8080", or `preposition` and where.
  std::string where() const;
  bool is_named() const;
  std::string place(const std::string& preposition) const;
};

// Where a redirect of `from` leads: to another server no credentials, headers or certificates go along.
// `url` is absolute.
Endpoint redirected(const Endpoint& from, const std::string& url);

struct Answer {
  int status = 0;
  std::string body;  // of a 200; other answers' is not read
  std::string content_type;
  std::string content_encoding;
  std::string location;
  std::vector<std::string> auth_schemes;  // that a 401 offers, in small letters
  std::string http_version;               // "1.0", "1.1"
  std::string server;                     // how it calls itself: the Server header
  std::string redirected_to;              // the page that answered, and its server if it is another
  std::optional<double> age;              // seconds, by the cache that the answer comes from
  std::string cache_hit;                  // the header by which a cache says that it has answered itself
  bool with_credentials = false;          // those of the endpoint were offered
  bool password_stayed = false;           // with those, but not for basic authentication: see above
  bool credentials_stayed = false;        // there are some, which a redirect to another server left behind
  bool wants_certificate = false;         // the server asked for a client certificate, and we have none
  int requests = 1;                       // how many it took of this server: redirects are requests, too
  std::size_t bytes = 0;                  // of the whole body, where the answer tells; else of what was read
  Deadline::Clock::time_point taken{};    // half-way between the request sent and the answer's first byte
  double slack = 0;                       // half the seconds between those two
};

// Asks one endpoint, again and again over one connection where the server keeps it.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Whatever the status is. Throws Error: unreachable, timeout, untrusted, denied where a client certificate
  // is missing, or protocol for an answer that is no HTTP or larger than `max_body_bytes`.
  virtual Answer get(const Deadline& deadline, Trace& trace) = 0;
  // Asks `count` times at once, each over a connection of its own. No connection is left open, not even that
  // of get(). Only the answers that came, in no order.
  virtual std::vector<Answer> get_anew(std::size_t count, const Deadline& deadline, Trace& trace) = 0;
  // How many requests the last get() or get_anew() sent to the server that answered last, whatever came of
  // it.
  virtual int requests_sent() const = 0;

  static constexpr std::size_t max_body_bytes = 2u << 20;
  static constexpr std::size_t max_header_bytes = 64u << 10;
};

class HttpConnector {
 public:
  virtual ~HttpConnector() = default;
  // Does no I/O yet.
  virtual std::unique_ptr<HttpClient> client_of(const Endpoint& endpoint) = 0;
};

// libcurl. Create it once, before there are threads. Without `tls`, https is an error, and starting up
// takes less time.
std::shared_ptr<HttpConnector> make_connector(bool tls);

}  // namespace evenkeel::http
