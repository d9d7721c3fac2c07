// A GET over HTTP, as plain values and typed errors; the seam where test doubles go. Nothing here knows
// which client library is behind it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
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
  std::optional<Credentials> credentials;
  std::string ca_file;  // empty: the system's authorities
  bool verify = true;   // the server's certificate and name; off with --insecure
  bool follow_redirects = false;
  std::string proxy;  // empty: none, whatever the environment says; "env": what the environment says

  bool wants_tls() const;
  // For people. The page is the URL's path, without its query, which may hold a secret.
  std::string server() const;  // "web1:80", "[::1]:80", "192.0.2.7:80 for web1:80" or the socket's path
  std::string page() const;    // "/server-status"
};

struct Answer {
  int status = 0;
  std::string body;
  std::string content_type;
  std::string content_encoding;
  std::string location;
  std::string http_version;             // "1.1", "2"
  bool with_credentials = false;        // those of the endpoint were offered
  int requests = 1;                     // how many it took: redirects are requests, too
  Deadline::Clock::time_point taken{};  // half-way between the request sent and the answer's first byte
};

// Asks one endpoint, again and again over one connection where the server keeps it.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Whatever the status is. Throws Error: unreachable, timeout, untrusted, or protocol for an answer that
  // is no HTTP or larger than `max_body_bytes`.
  virtual Answer get(const Deadline& deadline, Trace& trace) = 0;
  // Whether the last get() got as far as to send its request, whatever came of it.
  virtual bool has_sent() const = 0;

  static constexpr std::size_t max_body_bytes = 256u << 10;
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
