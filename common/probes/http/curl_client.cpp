// The one file that knows libcurl.
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "evenkeel/bare_tls.h"
#include "evenkeel/error.h"
#include "evenkeel/http/http_client.h"
#include "evenkeel/text.h"

// Debian's libcurl speaks TLS by OpenSSL and brings GnuTLS along for RTMP and LDAP, which are not spoken
// here. Loaded, it starts all of itself unless the program answers this; whoever does use it calls its
// gnutls_global_init(). Source: gnutls.h, GNUTLS_SKIP_GLOBAL_INIT.
extern "C" int _gnutls_global_init_skip();  // NOLINT(bugprone-reserved-identifier): the name is GnuTLS's
extern "C" int _gnutls_global_init_skip() { return 1; }  // NOLINT(bugprone-reserved-identifier)

namespace evenkeel::http {

namespace {

constexpr long max_redirects = 5;

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyCloser>;

struct ListFreer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFreer>;

List list_of(const std::vector<std::string>& texts) {
  List list;
  for (const std::string& text : texts) {
    curl_slist* longer = curl_slist_append(list.get(), text.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

// The part of an answer that has arrived.
struct Arriving {
  Answer answer;
  std::size_t header_bytes = 0;
  std::string too_much;  // what was larger than we read
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* context) {
  Arriving& arriving = *static_cast<Arriving*>(context);
  const std::size_t bytes = size * count;
  if (arriving.answer.body.size() + bytes > HttpClient::max_body_bytes) {
    arriving.too_much = "body is larger than " + std::to_string(HttpClient::max_body_bytes >> 10) + " KiB";
    return 0;
  }
  arriving.answer.body.append(data, bytes);
  return bytes;
}

void keep_header(Answer& answer, std::string_view line) {
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    // A new answer begins: what an interim one or a redirect said is over.
    answer.content_type.clear();
    answer.content_encoding.clear();
    answer.location.clear();
  }
  if (colon == std::string_view::npos) return;
  const std::string name = lower(line.substr(0, colon));
  const std::string value(trim(line.substr(colon + 1)));
  if (name == "content-type") answer.content_type = value;
  if (name == "content-encoding") answer.content_encoding = value;
  if (name == "location") answer.location = value;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* context) {
  Arriving& arriving = *static_cast<Arriving*>(context);
  const std::size_t bytes = size * count;
  arriving.header_bytes += bytes;
  if (arriving.header_bytes > HttpClient::max_header_bytes) {
    arriving.too_much =
        "header is larger than " + std::to_string(HttpClient::max_header_bytes >> 10) + " KiB";
    return 0;
  }
  keep_header(arriving.answer, {data, bytes});
  return bytes;
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK)
    throw Error(Fault::internal, std::string("libcurl does not take an option: ") + curl_easy_strerror(code));
}

template <class Value>
Value info(CURL* easy, CURLINFO what) {
  Value value{};
  curl_easy_getinfo(easy, what, &value);
  return value;
}

double seconds(CURL* easy, CURLINFO what) { return static_cast<double>(info<curl_off_t>(easy, what)) / 1e6; }

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
    case CURLE_TOO_MANY_REDIRECTS:
      return "more than " + std::to_string(max_redirects) + " redirects";
    default:
      return details.find("wrong version number") == std::string::npos
                 ? details
                 : "the server does not speak TLS there";
  }
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

class CurlClient : public HttpClient {
 public:
  explicit CurlClient(Endpoint endpoint)
      : endpoint_(std::move(endpoint)), headers_(list_of(endpoint_.headers)), easy_(curl_easy_init()) {
    if (!easy_) throw Error(Fault::internal, "libcurl does not start");
    if (!endpoint_.connect_to.empty()) connect_to_ = list_of({"::" + bracketed(endpoint_.connect_to) + ":"});
    set_up();
  }

  Answer get(const Deadline& deadline, Trace& trace) override {
    trace.begin("GET " + endpoint_.page() + " from " + endpoint_.server());
    CURL* easy = easy_.get();
    // 0 would mean no limit.
    const long milliseconds = std::max(1, deadline.remaining_milliseconds());
    set(easy, CURLOPT_TIMEOUT_MS, milliseconds);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    Arriving arriving;
    set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&arriving));
    set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&arriving));
    details_[0] = '\0';

    const auto began = Deadline::Clock::now();
    const CURLcode code = curl_easy_perform(easy);
    trace.end();
    has_sent_ = info<long>(easy, CURLINFO_REQUEST_SIZE) > 0;
    if (code != CURLE_OK) fail(code, arriving);
    arriving.answer.status = static_cast<int>(info<long>(easy, CURLINFO_RESPONSE_CODE));
    arriving.answer.requests = 1 + static_cast<int>(info<long>(easy, CURLINFO_REDIRECT_COUNT));
    // Another host does not get them.
    arriving.answer.with_credentials = endpoint_.credentials.has_value() && arriving.answer.requests == 1;
    arriving.answer.http_version = http_version(easy);
    const std::chrono::duration<double> middle(
        (seconds(easy, CURLINFO_PRETRANSFER_TIME_T) + seconds(easy, CURLINFO_STARTTRANSFER_TIME_T)) / 2);
    arriving.answer.taken = began + std::chrono::duration_cast<Deadline::Clock::duration>(middle);
    return std::move(arriving.answer);
  }

  bool has_sent() const override { return has_sent_; }

 private:
  void set_up() {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_URL, endpoint_.url.c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_FOLLOWLOCATION, endpoint_.follow_redirects ? 1L : 0L);
    set(easy, CURLOPT_MAXREDIRS, max_redirects);
    set(easy, CURLOPT_WRITEFUNCTION, &take_body);
    set(easy, CURLOPT_HEADERFUNCTION, &take_header);
    set(easy, CURLOPT_ERRORBUFFER, details_.data());
    set(easy, CURLOPT_USERAGENT, "evenkeel");
    // Several threads: no signals. A resolver that hangs is left behind, not waited for.
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L);
    if (endpoint_.proxy != "env") set(easy, CURLOPT_PROXY, endpoint_.proxy.c_str());
    if (headers_) set(easy, CURLOPT_HTTPHEADER, headers_.get());
    if (connect_to_) set(easy, CURLOPT_CONNECT_TO, connect_to_.get());
    if (!endpoint_.unix_socket.empty()) set(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint_.unix_socket.c_str());
    set_up_credentials();
    if (endpoint_.wants_tls()) set_up_tls();
  }

  void set_up_credentials() {
    if (!endpoint_.credentials) return;
    set(easy_.get(), CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    set(easy_.get(), CURLOPT_USERNAME, endpoint_.credentials->user.c_str());
    set(easy_.get(), CURLOPT_PASSWORD, endpoint_.credentials->password.c_str());
  }

  void set_up_tls() {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_SSL_VERIFYPEER, endpoint_.verify ? 1L : 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, endpoint_.verify ? 2L : 0L);
    if (!endpoint_.ca_file.empty()) set(easy, CURLOPT_CAINFO, endpoint_.ca_file.c_str());
  }

  // The first step that did not end.
  std::string step(Fault fault) const {
    CURL* easy = easy_.get();
    const std::string server = endpoint_.server();
    if (seconds(easy, CURLINFO_NAMELOOKUP_TIME_T) <= 0) return "looking up " + server;
    if (fault == Fault::untrusted) return "TLS with " + server;
    if (seconds(easy, CURLINFO_CONNECT_TIME_T) <= 0) return "connecting to " + server;
    const bool tls = endpoint_.url.starts_with("https:");
    if (tls && seconds(easy, CURLINFO_APPCONNECT_TIME_T) <= 0) return "TLS with " + server;
    return "GET " + endpoint_.page() + " from " + server;
  }

  [[noreturn]] void fail(CURLcode code, const Arriving& arriving) const {
    if (!arriving.too_much.empty())
      throw Error(Fault::protocol, "GET " + endpoint_.page() + ": the answer's " + arriving.too_much);
    const std::string details = clean(details_[0] != '\0' ? details_.data() : curl_easy_strerror(code), 300);
    // libcurl quotes the proxy's URL, and there may be a password in it.
    if (details.starts_with("Unsupported proxy"))
      throw Error(Fault::usage, "the URL of the proxy is not one, or of a kind that libcurl does not have");
    const Fault fault = fault_of(code, details);
    std::string reason = reason_of(code, details);
    const long system_error = info<long>(easy_.get(), CURLINFO_OS_ERRNO);
    // Where there may be a proxy, libcurl's own words tell which of the two did not answer.
    if (code == CURLE_COULDNT_CONNECT && system_error != 0 && endpoint_.proxy.empty())
      reason = system_reason(static_cast<int>(system_error));
    throw Error(fault, step(fault) + ": " + reason);
  }

  Endpoint endpoint_;
  std::array<char, CURL_ERROR_SIZE> details_{};
  List headers_;
  List connect_to_;
  bool has_sent_ = false;
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
