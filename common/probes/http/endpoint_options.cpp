#include "evenkeel/http/endpoint_options.h"

#include <algorithm>

#include "evenkeel/small_file.h"
#include "evenkeel/target.h"
#include "evenkeel/text.h"

namespace evenkeel::http {

std::vector<OptionSpec> endpoint_options(const std::string& default_path) {
  return {
      {.name = "hostname",
       .letter = 'H',
       .value = "HOST[:PORT]",
       .help = "whom to ask; may be repeated or take a comma list, IPv6 as [::1]:80",
       .default_text = "localhost",
       .repeatable = true},
      {.name = "port",
       .letter = 'p',
       .value = "PORT",
       .help = "for hosts that name none",
       .default_text = "80, with --ssl 443"},
      {.name = "ssl", .letter = 'S', .help = "HTTPS; the server's certificate and name are verified"},
      {.name = "url",
       .letter = 'u',
       .value = "PATH|URL",
       .help = "the page: a path on each host, or a whole URL instead of --hostname",
       .default_text = default_path,
       .may_hold_login = true},
      {.name = "ip-address",
       .letter = 'I',
       .value = "ADDRESS",
       .help = "connect there, and keep the host's name for the Host header and the certificate"},
      {.name = "socket", .value = "PATH", .help = "connect to this Unix socket, and keep the host's name"},
      {.name = "auth-file",
       .value = "FILE",
       .help = "user:password on the file's one line, for digest authentication where the server offers it, "
               "else basic, by verified TLS, a Unix socket or a loopback address only"},
      {.name = "header",
       .value = "'NAME: VALUE'",
       .help = "a header to send with every request, unasked and whoever answers; may be repeated",
       .repeatable = true,
       .secret = true},
      {.name = "ca-cert",
       .value = "FILE",
       .help = "the authorities to trust, with --ssl or an https:// URL",
       .default_text = "the system's"},
      {.name = "cert",
       .value = "FILE",
       .help = "a certificate of our own, in PEM, for servers that want one"},
      {.name = "key", .value = "FILE", .help = "its key", .default_text = "in the file of --cert"},
      {.name = "insecure",
       .help = "verify neither the server's certificate nor its name; --auth-file is for digest "
               "authentication then"},
      {.name = "follow-redirects",
       .help =
           "follow up to 5 redirects; --auth-file, --header and --cert stay with the server they are for. "
           "Without this, a redirect is no answer"},
      {.name = "proxy",
       .value = "URL|env",
       .help = "a proxy; env: the one that the environment names",
       .default_text = "none, whatever the environment says",
       .may_hold_login = true},
  };
}

namespace {

bool has_blank_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F;
  });
}

bool is_whole_url(std::string_view text) {
  return text.find("://") != std::string_view::npos && !text.starts_with('/');
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// In "http://user:password@host/", and in what somebody meant to be one, such as curl's -u user:password. An
// "@" may stand in a path.
bool has_user(std::string_view url) {
  if (url.starts_with('/') && !url.starts_with("//")) return false;
  if (!url.starts_with('/') && !is_whole_url(url) && url.find(':') < url.find_first_of("/?#")) return true;
  const std::size_t slashes = url.find("//");
  const std::string_view rest = slashes == std::string_view::npos ? url : url.substr(slashes + 2);
  const std::size_t sign = rest.find('@');
  if (sign == std::string_view::npos) return false;
  // The password may hold a slash; where a path begins, a colon stands before it as a port alone.
  const std::string_view before = rest.substr(0, sign);
  const std::size_t slash = before.find_first_of("/?#");
  const std::size_t colon = before.find(':');
  if (slash == std::string_view::npos) return true;
  if (colon > slash) return false;
  const std::string_view port = before.substr(colon + 1, slash - colon - 1);
  return port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos;
}

// Not quoted where it may hold a secret.
void check_url(std::string_view url) {
  if (has_blank_or_control(url)) throw usage_error("--url: blanks and control characters must be %-encoded");
  if (has_user(url))
    throw usage_error("--url: a user or password in a URL is seen by everyone; use --auth-file");
  if (!is_whole_url(url)) return;
  const std::string scheme = lower(url.substr(0, url.find("://")));
  if (scheme != "http" && scheme != "https") throw usage_error("--url: its scheme is neither http nor https");
  const std::string_view rest = url.substr(url.find("://") + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  parse_host_port("--url", authority);
}

void check_header(const std::string& header) {
  const std::size_t colon = header.find(':');
  const bool bad_name = colon == std::string::npos || colon == 0 ||
                        has_blank_or_control(std::string_view(header).substr(0, colon));
  const bool bad_value = header.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
  // The value may be a token: it is not quoted.
  if (bad_name || bad_value) throw usage_error("--header: wanted is 'NAME: VALUE' on one line");
}

// libcurl's own words for a file that it cannot read do not name the option. PEM files are small.
void check_readable(const Options& options, const char* name) {
  constexpr std::size_t max_bytes = 1u << 20;
  if (const auto file = options.value(name))
    (void)read_small_file(std::string("--") + name, *file, max_bytes);
}

void set_certificate(const Options& options, Endpoint& common) {
  if (options.has("key") && !options.has("cert"))
    throw usage_error("--key: it belongs to a certificate; see --cert");
  check_readable(options, "cert");
  check_readable(options, "key");
  common.cert_file = options.value("cert").value_or("");
  common.key_file = options.value("key").value_or("");
}

// What all endpoints of a run have in common.
Endpoint common_part(const Options& options) {
  Endpoint common;
  if (const auto address = options.value("ip-address")) {
    const HostPort where = parse_host_port("--ip-address", *address);
    if (where.port) throw usage_error("--ip-address: takes no port; use --port");
    common.connect_to = where.host;
  }
  if (const auto path = options.value("socket")) common.unix_socket = parse_socket_path("--socket", *path);
  if (!common.unix_socket.empty() && !common.connect_to.empty())
    throw usage_error("--ip-address and --socket exclude each other");
  common.headers = options.values("header");
  for (const std::string& header : common.headers) check_header(header);
  if (const auto file = options.value("auth-file")) common.credentials = read_auth_file("--auth-file", *file);
  common.ca_file = options.value("ca-cert").value_or("");
  set_certificate(options, common);
  common.verify = !options.has("insecure");
  common.follow_redirects = options.has("follow-redirects");
  common.proxy = options.value("proxy").value_or("");
  if (common.proxy.find('@') != std::string::npos)
    throw usage_error("--proxy: a user or password in a URL is seen by everyone; use --proxy env");
  return common;
}

// Who names authorities believes that they are looked at. A redirect may lead to where they are.
void expect_tls(const Options& options, bool tls) {
  if (tls || options.has("follow-redirects")) return;
  if (options.has("ca-cert"))
    throw usage_error("--ca-cert: without --ssl or an https:// URL there is no certificate to verify");
  if (options.has("cert"))
    throw usage_error("--cert: without --ssl or an https:// URL nobody asks for a certificate");
}

Endpoint whole_url(const Options& options, Endpoint endpoint, const std::string& url) {
  for (const char* other : {"hostname", "port", "ssl"})
    if (options.has(other))
      throw usage_error(std::string("--url is a whole URL, which says what --") + other + " would");
  const std::string_view rest = std::string_view(url).substr(url.find("://") + 3);
  endpoint.name = std::string(rest.substr(0, rest.find_first_of("/?#")));
  endpoint.url = url;
  return endpoint;
}

}  // namespace

std::vector<Endpoint> endpoints_from(const Options& options, const std::string& default_path) {
  const std::string url = options.value("url").value_or(default_path);
  check_url(url);
  const Endpoint common = common_part(options);
  const bool tls = options.has("ssl") || (is_whole_url(url) && lower(url).starts_with("https://"));
  expect_tls(options, tls);
  if (is_whole_url(url)) return {whole_url(options, common, url)};

  const std::optional<std::string> port_text = options.value("port");
  const std::uint16_t port = port_text ? parse_port("--port", *port_text) : (tls ? 443 : 80);
  std::vector<std::string> names = options.values("hostname");
  if (names.empty()) names = {"localhost"};
  std::vector<Endpoint> endpoints;
  for (const HostPort& host : parse_hosts("--hostname", names)) {
    Endpoint endpoint = common;
    endpoint.name = host.name;
    endpoint.url = std::string(tls ? "https://" : "http://") + bracketed(host.host) + ":" +
                   std::to_string(host.port.value_or(port)) + (url.starts_with('/') ? "" : "/") + url;
    endpoints.push_back(std::move(endpoint));
  }
  return endpoints;
}

}  // namespace evenkeel::http
