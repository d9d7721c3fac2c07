// The one file that knows libcurl.
#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "arriving.h"
#include "curl_error.h"
#include "curl_handles.h"
#include "evenkeel/bare_tls.h"
#include "evenkeel/error.h"
#include "evenkeel/http/http_client.h"
#include "evenkeel/text.h"
#include "evenkeel/unix_socket.h"

// Debian's libcurl speaks TLS by OpenSSL and brings GnuTLS along for RTMP and LDAP, which are not spoken
// here. Loaded, it starts all of itself unless the program answers this; whoever does use it calls its
// gnutls_global_init(). Source: gnutls.h, GNUTLS_SKIP_GLOBAL_INIT.
extern "C" int _gnutls_global_init_skip();  // NOLINT(bugprone-reserved-identifier): the name is GnuTLS's
extern "C" int _gnutls_global_init_skip() { return 1; }  // NOLINT(bugprone-reserved-identifier)

namespace evenkeel::http {

namespace {

constexpr long max_redirects = 5;

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* context) {
  return static_cast<Arriving*>(context)->take_body({data, size * count}) ? size * count : 0;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* context) {
  return static_cast<Arriving*>(context)->take_header({data, size * count}) ? size * count : 0;
}

// A page from a cache has no rate. A header that the user gives counts instead.
std::vector<std::string> with_no_cache(std::vector<std::string> headers) {
  for (const char* const ours : {"Cache-Control: no-cache", "Pragma: no-cache"}) {
    const std::string name = lower(std::string_view(ours).substr(0, std::string_view(ours).find(':') + 1));
    const bool given = std::any_of(headers.begin(), headers.end(), [&](const std::string& header) {
      return lower(header).starts_with(name);
    });
    if (!given) headers.emplace_back(ours);
  }
  // "X:" tells libcurl to leave a header out; "X;" sends it without a value, which is what was asked for.
  for (std::string& header : headers) {
    const std::size_t colon = header.find(':');
    if (colon != std::string::npos && trim(std::string_view(header).substr(colon + 1)).empty())
      header = header.substr(0, colon) + ";";
  }
  return headers;
}

// What libcurl would print with --verbose; nothing else says that the server asked for a certificate.
int take_note(CURL*, curl_infotype type, char* data, std::size_t size, void* context) {
  const std::string_view note(data, size);
  if (type == CURLINFO_TEXT && note.find("Request CERT") != std::string_view::npos)
    *static_cast<bool*>(context) = true;
  return 0;
}

std::string http_version(CURL* easy) {
  switch (info<long>(easy, CURLINFO_HTTP_VERSION)) {
    case CURL_HTTP_VERSION_1_0:
      return "1.0";
    case CURL_HTTP_VERSION_1_1:
      return "1.1";
    case CURL_HTTP_VERSION_2_0:
      return "2";
    default:
      return "";
  }
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// Of an absolute URL, where a Location of it leads; empty where that is no page over HTTP.
std::string target_of(const std::string& url, const std::string& location) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  if (!parsed) throw std::bad_alloc();
  char* whole = nullptr;
  if (location.empty() || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_set(parsed.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)
    return {};
  // A user in a Location would be another's choice of whom we log in as.
  curl_url_set(parsed.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(parsed.get(), CURLUPART_PASSWORD, nullptr, 0);
  if (curl_url_get(parsed.get(), CURLUPART_URL, &whole, 0) != CURLUE_OK) return {};
  std::string target(whole);
  curl_free(whole);
  return target.starts_with("http://") || target.starts_with("https://") ? target : std::string();
}

class CurlClient : public HttpClient {
 public:
  explicit CurlClient(Endpoint endpoint)
      : endpoint_(std::move(endpoint)), hop_(endpoint_), names_(curl_share_init()), easy_(curl_easy_init()) {
    if (!easy_ || !names_) throw Error(Fault::internal, "libcurl does not start");
    curl_share_setopt(names_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    shared_names_ = names_.get();
    set_up();
  }

  // For one page, over connections of its own, with the addresses that another client of the same thread has
  // looked up.
  CurlClient(Endpoint endpoint, CURLSH* names)
      : endpoint_(std::move(endpoint)),
        hop_(endpoint_),
        shared_names_(names),
        keeps_connections_(false),
        easy_(curl_easy_init()) {
    if (!easy_) throw Error(Fault::internal, "libcurl does not start");
    set_up();
  }

  Answer get(const Deadline& deadline, Trace& trace) override {
    start();
    for (;;) {
      trace.begin(getting());
      begin(deadline);
      const CURLcode code = curl_easy_perform(easy_.get());
      trace.end();
      if (std::optional<Answer> answer = conclude(code)) return std::move(*answer);
    }
  }

  std::vector<Answer> get_anew(std::size_t count, const Deadline& deadline, Trace& trace) override {
    requests_ = 0;
    hang_up();
    trace.begin(getting() + ", " + std::to_string(count) + " new connections at once");
    std::vector<std::unique_ptr<CurlClient>> clients;
    for (std::size_t i = 0; i < count; ++i)
      clients.push_back(std::make_unique<CurlClient>(endpoint_, names_.get()));
    std::vector<Answer> answers = get_together(clients, deadline);
    trace.end();
    for (const auto& client : clients) requests_ += client->requests_;
    return answers;
  }

  int requests_sent() const override { return requests_; }

 private:
  using Clients = std::vector<std::unique_ptr<CurlClient>>;

  // What fails has no answer.
  static std::vector<Answer> get_together(const Clients& clients, const Deadline& deadline) {
    const Multi multi(curl_multi_init());
    if (!multi) throw std::bad_alloc();
    std::vector<Answer> answers;
    for (const auto& client : clients) client->start();
    for (const auto& client : clients) client->begin_in(multi.get(), deadline);
    int running = 1;
    while (running > 0) {
      if (curl_multi_perform(multi.get(), &running) != CURLM_OK) break;
      int left = 0;
      while (const CURLMsg* const message = curl_multi_info_read(multi.get(), &left)) {
        const auto done = std::find_if(clients.begin(), clients.end(), [&](const auto& client) {
          return client->easy_.get() == message->easy_handle;
        });
        if ((*done)->end_in(multi.get(), message->data.result, deadline, answers)) running = 1;
      }
      constexpr int longest_wait = 1000;  // milliseconds; libcurl knows its own time-outs
      if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, longest_wait, nullptr);
    }
    for (const auto& client : clients) curl_multi_remove_handle(multi.get(), client->easy_.get());
    return answers;
  }

  void begin_in(CURLM* multi, const Deadline& deadline) {
    begin(deadline);
    curl_multi_add_handle(multi, easy_.get());
  }

  // True where a redirect leads on.
  bool end_in(CURLM* multi, CURLcode code, const Deadline& deadline, std::vector<Answer>& answers) {
    curl_multi_remove_handle(multi, easy_.get());
    try {
      if (std::optional<Answer> answer = conclude(code)) {
        answers.push_back(std::move(*answer));
        return false;
      }
      begin_in(multi, deadline);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  // A connection that is kept holds one of the server's workers, of which it may have few.
  void hang_up() {
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &socket);
    if (socket != CURL_SOCKET_BAD) shutdown(socket, SHUT_RDWR);
  }

  void start() {
    requests_ = redirects_ = 0;
    if (hop_.url != endpoint_.url) go_to(endpoint_);
  }

  // One transfer, which may be two requests where the server wants a user and password.
  void begin(const Deadline& deadline) {
    CURL* easy = easy_.get();
    stranger_.clear();
    // 0 would mean no limit.
    const long milliseconds = std::max(1, deadline.remaining_milliseconds());
    set(easy, CURLOPT_TIMEOUT_MS, milliseconds);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    wants_certificate_ = false;
    arriving_.emplace(hop_, hop_.credentials.has_value());
    set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&*arriving_));
    set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&*arriving_));
    details_[0] = '\0';
    began_ = Deadline::Clock::now();
  }

  // Nothing: it was a redirect, and the next transfer is one of where that leads.
  std::optional<Answer> conclude(CURLcode code) {
    Arriving& arriving = *arriving_;
    CURL* easy = easy_.get();
    if (info<long>(easy, CURLINFO_REQUEST_SIZE) > 0) requests_ += std::max(1, arriving.answers());
    if (code != CURLE_OK && !arriving.complete()) fail(code, arriving);
    arriving.answer().status = static_cast<int>(info<long>(easy, CURLINFO_RESPONSE_CODE));
    // libcurl takes a header that breaks off for one that is over.
    if (arriving.answer().status == 200 && !arriving.header_is_over())
      throw Error(Fault::protocol, getting() + ": the answer is cut short");
    Answer answer = finished(arriving, began_);
    const bool leads_on = endpoint_.follow_redirects && answer.status >= 300 && answer.status < 400;
    const std::string target = leads_on ? target_of(hop_.url, answer.location) : "";
    if (target.empty()) {
      if (redirects_ > 0) answer.redirected_to = page_of(hop_);
      answer.location = shown_location(answer.location);
      answer.requests = requests_;
      return answer;
    }
    if (redirects_++ == max_redirects)
      throw Error(Fault::protocol, getting() + ": more than " + std::to_string(max_redirects) + " redirects");
    const std::string before = hop_.server();
    go_to(redirected(endpoint_, target));
    if (hop_.server() != before) requests_ = 0;
    return std::nullopt;
  }

  // libcurl does not tell within look_at_peer() which socket it uses. It opens one only where it has none to
  // use again, and those have been looked at.
  static int note_socket(void* context, curl_socket_t socket, curlsocktype) {
    static_cast<CurlClient*>(context)->socket_ = socket;
    return CURL_SOCKOPT_OK;
  }

  // What we are given to log in with is not for whoever put a socket in the server's place. libcurl calls
  // this when it is connected, before each request.
  static int look_at_peer(void* context, char*, char*, int, int) {
    CurlClient& client = *static_cast<CurlClient*>(context);
    client.stranger_ =
        flaw_of_peer(client.socket_, client.hop_.unix_socket, {"www-data", "apache", "nginx", "http"});
    return client.stranger_.empty() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
  }

  Answer finished(Arriving& arriving, Deadline::Clock::time_point began) const {
    Answer answer = std::move(arriving.answer());
    answer.http_version = http_version(easy_.get());
    answer.with_credentials = hop_.credentials.has_value();
    answer.password_stayed = hop_.credentials && !hop_.may_hand_over_password();
    answer.credentials_stayed = endpoint_.credentials && !hop_.credentials;
    answer.wants_certificate = wants_certificate_ && hop_.cert_file.empty();
    const std::chrono::duration<double> sent(seconds(easy_.get(), CURLINFO_PRETRANSFER_TIME_T));
    const auto asked = arriving.answers() > 1
                           ? arriving.previous()
                           : began + std::chrono::duration_cast<Deadline::Clock::duration>(sent);
    const auto took = std::max(arriving.first_line() - asked, Deadline::Clock::duration(0));
    answer.taken = arriving.first_line() - took / 2;
    answer.slack = std::chrono::duration<double>(took).count() / 2;
    return answer;
  }

  void go_to(Endpoint hop) {
    hop_ = std::move(hop);
    curl_easy_reset(easy_.get());
    set_up();
  }

  void set_up() {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_SHARE, shared_names_);
    // A connection that is kept holds one of the server's workers; and one of two clients at once would take
    // over what the other is about to close.
    set(easy, CURLOPT_FRESH_CONNECT, keeps_connections_ ? 0L : 1L);
    set(easy, CURLOPT_FORBID_REUSE, keeps_connections_ ? 0L : 1L);
    set(easy, CURLOPT_URL, hop_.url.c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    // mod_status does not count all requests of HTTP/2.
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_WRITEFUNCTION, &take_body);
    set(easy, CURLOPT_HEADERFUNCTION, &take_header);
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(easy, CURLOPT_ERRORBUFFER, details_.data());
    set(easy, CURLOPT_USERAGENT, "evenkeel");
    // Several threads: no signals. A resolver that hangs is left behind, not waited for.
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L);
    if (hop_.proxy != "env") set(easy, CURLOPT_PROXY, hop_.proxy.c_str());
    headers_ = list_of(with_no_cache(hop_.headers));
    set(easy, CURLOPT_HTTPHEADER, headers_.get());
    connect_to_ = hop_.connect_to.empty() ? List() : list_of({"::" + bracketed(hop_.connect_to) + ":"});
    if (connect_to_) set(easy, CURLOPT_CONNECT_TO, connect_to_.get());
    if (!hop_.unix_socket.empty()) set_up_unix_socket();
    set_up_credentials();
    if (hop_.url.starts_with("https:") || hop_.wants_tls()) set_up_tls();
  }

  void set_up_unix_socket() {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_UNIX_SOCKET_PATH, hop_.unix_socket.c_str());
    // Without a secret, anybody may be asked.
    if (!hop_.credentials && hop_.headers.empty()) return;
    set(easy, CURLOPT_SOCKOPTFUNCTION, &note_socket);
    set(easy, CURLOPT_SOCKOPTDATA, static_cast<void*>(this));
    set(easy, CURLOPT_PREREQFUNCTION, &look_at_peer);
    set(easy, CURLOPT_PREREQDATA, static_cast<void*>(this));
  }

  // libcurl asks without them first: a password is not shown to a server that takes a digest.
  void set_up_credentials() {
    if (!hop_.credentials) return;
    const bool any = hop_.may_hand_over_password();
    set(easy_.get(), CURLOPT_HTTPAUTH, any ? CURLAUTH_BASIC | CURLAUTH_DIGEST : CURLAUTH_DIGEST);
    set(easy_.get(), CURLOPT_USERNAME, hop_.credentials->user.c_str());
    set(easy_.get(), CURLOPT_PASSWORD, hop_.credentials->password.c_str());
  }

  void set_up_tls() {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_SSL_VERIFYPEER, hop_.verify ? 1L : 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, hop_.verify ? 2L : 0L);
    if (!hop_.ca_file.empty()) set(easy, CURLOPT_CAINFO, hop_.ca_file.c_str());
    set(easy, CURLOPT_VERBOSE, 1L);
    set(easy, CURLOPT_DEBUGFUNCTION, &take_note);
    set(easy, CURLOPT_DEBUGDATA, static_cast<void*>(&wants_certificate_));
    if (hop_.cert_file.empty()) return;
    set(easy, CURLOPT_SSLCERT, hop_.cert_file.c_str());
    set(easy, CURLOPT_SSLKEY, (hop_.key_file.empty() ? hop_.cert_file : hop_.key_file).c_str());
    // Without one, OpenSSL would ask the terminal for the pass phrase of a key.
    set(easy, CURLOPT_KEYPASSWD, "");
  }

  std::string getting() const { return "GET " + hop_.page() + hop_.place("from"); }
  std::string looking_up() const {
    return "looking up the name" + (hop_.is_named() ? std::string() : hop_.place("of"));
  }

  // "/page", "/page on port 8443" where the name says the rest, or "web2:80/page".
  static std::string page_of(const Endpoint& hop) {
    return hop.is_named() ? hop.page() + hop.place("at") : hop.where() + hop.page();
  }

  // Of a redirect that is not followed. What leads to the server itself is named by its page.
  std::string shown_location(const std::string& location) const {
    const std::string target = target_of(hop_.url, location);
    if (target.empty() || location.find("://") == std::string::npos) return location;
    Endpoint there = redirected(hop_, target);
    if (!there.is_named()) return location;
    const bool other_scheme = there.url.starts_with("https:") != hop_.url.starts_with("https:");
    const std::string scheme = there.url.substr(0, there.url.find(':'));
    return page_of(there) + (other_scheme ? " by " + scheme : "");
  }

  // The first step that did not end.
  std::string step(Fault fault) const {
    CURL* easy = easy_.get();
    // Over a connection that was there already, libcurl tells no times of looking up and connecting.
    if (info<long>(easy, CURLINFO_NUM_CONNECTS) == 0 && info<long>(easy, CURLINFO_REQUEST_SIZE) > 0)
      return getting();
    if (seconds(easy, CURLINFO_NAMELOOKUP_TIME_T) <= 0) return looking_up();
    if (fault == Fault::untrusted) return "TLS" + hop_.place("with");
    if (seconds(easy, CURLINFO_CONNECT_TIME_T) <= 0) return "connecting" + hop_.place("to");
    const bool tls = hop_.url.starts_with("https:");
    if (tls && seconds(easy, CURLINFO_APPCONNECT_TIME_T) <= 0) return "TLS" + hop_.place("with");
    return getting();
  }

  // Of a server that asked who we are, and broke off.
  void fail_for_certificate(CURLcode code, const std::string& details) const {
    const std::string server = "TLS" + hop_.place("with");
    if (hop_.cert_file.empty() && (is_about_certificate(code, details) || is_loss(code)))
      throw Error(Fault::denied, server + ": the server wants a client certificate; see --cert and --key");
    if (!hop_.cert_file.empty() && is_about_certificate(code, details))
      throw Error(Fault::denied,
                  server + ": the server refuses the certificate of --cert: " + alert_of(details));
  }

  // One that does not fit its certificate, is no key, or wants a pass phrase.
  static Error bad_key(const std::string& details) {
    return usage_error(
        "--cert and --key: no certificate and a key that belong together, in PEM and without a "
        "pass phrase: " +
        details);
  }

  [[noreturn]] void fail(CURLcode code, const Arriving& arriving) const {
    if (!stranger_.empty()) throw Error(Fault::denied, hop_.server() + ": not asked: " + stranger_);
    if (!arriving.too_much().empty())
      throw Error(Fault::protocol, getting() + ": the answer's " + arriving.too_much());
    if (arriving.bad_status())
      throw Error(Fault::protocol, getting() + ": the answer's status \"" +
                                       clean(*arriving.bad_status(), 20) + "\" is none of HTTP's");
    const std::string details = clean(details_[0] != '\0' ? details_.data() : curl_easy_strerror(code), 300);
    // libcurl quotes the proxy's URL, and there may be a password in it.
    if (details.starts_with("Unsupported proxy"))
      throw Error(Fault::usage,
                  "--proxy: the URL of the proxy is not one, or of a kind that libcurl does not have");
    if (code == CURLE_SSL_CACERT_BADFILE && !hop_.ca_file.empty())
      throw usage_error("--ca-cert: no certificates in PEM: " + details);
    if (code == CURLE_SSL_CERTPROBLEM && !hop_.cert_file.empty()) throw bad_key(details);
    if (wants_certificate_ && arriving.answers() == 0) fail_for_certificate(code, details);
    const Fault fault = fault_of(code, details);
    std::string reason = reason_of(code, details);
    const long system_error = info<long>(easy_.get(), CURLINFO_OS_ERRNO);
    // Where there may be a proxy, libcurl's own words tell which of the two did not answer.
    if (code == CURLE_COULDNT_CONNECT && system_error != 0 && hop_.proxy.empty())
      reason = system_reason(static_cast<int>(system_error));
    throw Error(fault, step(fault) + ": " + reason);
  }

  const Endpoint endpoint_;
  Endpoint hop_;  // where a redirect has led; the endpoint itself before that
  std::array<char, CURL_ERROR_SIZE> details_{};
  List headers_;
  List connect_to_;
  bool wants_certificate_ = false;
  curl_socket_t socket_ = CURL_SOCKET_BAD;  // the one that was opened last
  std::string stranger_;  // why the other end of the Unix socket must not have the credentials
  std::optional<Arriving> arriving_;
  Deadline::Clock::time_point began_;
  int requests_ = 0;
  int redirects_ = 0;
  Share names_;
  CURLSH* shared_names_ = nullptr;
  bool keeps_connections_ = true;
  Easy easy_;  // the last one: it goes before what it points to
};

class CurlConnector : public HttpConnector {
 public:
  std::unique_ptr<HttpClient> client_of(const Endpoint& endpoint) override {
    return std::make_unique<CurlClient>(endpoint);
  }
};

}  // namespace

std::shared_ptr<HttpConnector> make_connector(bool tls) {
  static std::once_flag once;
  std::call_once(once, [tls] {
    if (!tls) start_tls_library_bare();
    const CURLcode code = curl_global_init(tls ? CURL_GLOBAL_DEFAULT : CURL_GLOBAL_NOTHING);
    if (code != CURLE_OK) throw Error(Fault::internal, "libcurl does not start");
  });
  return std::make_shared<CurlConnector>();
}

}  // namespace evenkeel::http
