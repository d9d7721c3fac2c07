// The one file that knows libmemcached.
#include <libmemcached/memcached.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include "addresses.h"
#include "evenkeel/error.h"
#include "evenkeel/memcached/answer_guard.h"
#include "evenkeel/memcached/memcached_client.h"
#include "evenkeel/target.h"
#include "evenkeel/text.h"
#include "evenkeel/unix_socket.h"
#include "plain_login.h"

namespace evenkeel::memcached {

namespace {

struct HandleFreer {
  void operator()(memcached_st* handle) const { memcached_free(handle); }
};

struct Freer {
  void operator()(char* memory) const { std::free(memory); }
};

constexpr const char* refused_by_server = "the server refuses the user or password of --auth-file";
constexpr const char* no_sasl_there = "the server has no SASL, so leave --auth-file out";
constexpr const char* text_alone =
    "; one that speaks text alone (memcached -B ascii) has no SASL, so leave --auth-file out";

// Said in text, whatever the protocol, and the connection is closed.
constexpr std::string_view no_connection_left = "ERROR Too many open connections";

// What it is that does not speak memcached's protocol, by how it began.
std::string what_answers(std::string_view greeting) {
  if (greeting.starts_with("\x15\x03") || greeting.starts_with("\x16\x03"))
    return "the server speaks TLS there, which libmemcached does not";
  if (greeting.starts_with("HTTP/")) return "an HTTP server answers there, not memcached";
  if (greeting.starts_with("SSH-")) return "an SSH server answers there, not memcached";
  return "what answers there is not memcached: \"" + clean(greeting, 60) + "\"";
}

// The guard has taken them already.
memcached_return_t ignore_stat(const memcached_instance_st*, const char*, size_t, const char*, size_t,
                               void*) {
  return MEMCACHED_SUCCESS;
}

bool is_refusal(memcached_return_t code) {
  switch (code) {
    case MEMCACHED_SERVER_ERROR:
    case MEMCACHED_CLIENT_ERROR:
    case MEMCACHED_ERROR:
    case MEMCACHED_NOTSTORED:
    case MEMCACHED_DATA_EXISTS:
    case MEMCACHED_NOTFOUND:
    case MEMCACHED_E2BIG:
    case MEMCACHED_MEMORY_ALLOCATION_FAILURE:
    case MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE:
      return true;
    default:
      return false;
  }
}

// What the server said in one word, which the library turns into a sentence that misleads.
std::string word_of(memcached_return_t code) {
  if (code == MEMCACHED_NOTSTORED) return "NOT_STORED";
  if (code == MEMCACHED_DATA_EXISTS) return "EXISTS";
  if (code == MEMCACHED_NOTFOUND) return "NOT_FOUND";
  return {};
}

// Words of memcached's protocol: one that answers another question is no sign of another kind of server.
// Source: memcached, doc/protocol.txt.
bool is_word_of_protocol(std::string_view line, std::string_view command) {
  static constexpr std::array words{"STORED",  "NOT_STORED", "EXISTS", "NOT_FOUND", "DELETED",
                                    "TOUCHED", "END",        "OK",     "RESET",     "HD",
                                    "EN",      "NF",         "NS",     "EX",        "MN"};
  static constexpr std::array begins{"VERSION", "STAT", "BUSY", "VA", "ME"};  // more follows
  const std::string_view text = trim(line);
  const std::string_view first = text.substr(0, text.find(' '));
  if (first == "VALUE") return command != "get";  // where it belongs, something is wrong with it
  return std::find(words.begin(), words.end(), text) != words.end() ||
         std::find(begins.begin(), begins.end(), first) != begins.end();
}

// A server with text authentication takes the first value for user and password.
bool speaks_of_authentication(std::string_view refusal) {
  return refusal.starts_with("CLIENT_ERROR") && refusal.find("authenticat") != std::string_view::npos;
}

// What there is no way to says less than what another address of the name said.
bool is_without_route(int system_error) {
  return system_error == ENETUNREACH || system_error == EHOSTUNREACH || system_error == EADDRNOTAVAIL ||
         system_error == EAFNOSUPPORT;
}

// Addresses may be many: so many of them at least get their time.
constexpr std::size_t most_shares = 8;

struct Reply {
  memcached_return_t code;
  int system_error;

  bool failed() const { return memcached_failed(code); }
};

class LibmemcachedClient : public MemcachedClient {
 public:
  LibmemcachedClient(const Server& server, const Deadline& deadline, Trace& trace)
      : server_{server.name, server.host, server.port, server.socket, {}},
        deadline_(deadline),
        trace_(trace),
        with_sasl_(server.credentials.has_value()),
        socket_login_(server.socket.empty() ? std::nullopt : server.credentials),
        guard_(server.credentials ? Protocol::binary : Protocol::text, max_answer_bytes, deadline),
        handle_(memcached_create(nullptr)) {
    if (!handle_) throw Error(Fault::internal, "libmemcached does not start");
    memcached_behavior_set(handle_.get(), MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
    // Else a failed connection is tried again, and again.
    memcached_behavior_set(handle_.get(), MEMCACHED_BEHAVIOR_SERVER_FAILURE_LIMIT, 1);
    if (server.credentials &&
        memcached_failed(memcached_set_sasl_auth_data(handle_.get(), server.credentials->user.c_str(),
                                                      server.credentials->password.c_str())))
      throw Error(Fault::internal, "libmemcached has no SASL");
  }

  ~LibmemcachedClient() override {
    guard_.stop_listening();
    const GuardedReads reads(guard_);
    handle_.reset();
  }
  LibmemcachedClient(const LibmemcachedClient&) = delete;
  LibmemcachedClient& operator=(const LibmemcachedClient&) = delete;

  void set(const std::string& key, const std::string& value, int seconds_to_live) override {
    ask("set", Question::store, [&] {
      return memcached_set(handle_.get(), key.data(), key.size(), value.data(), value.size(), seconds_to_live,
                           0);
    });
  }

  std::optional<Item> get(const std::string& key) override {
    std::optional<Item> item;
    ask("get", Question::fetch, [&] {
      const char* const name = key.data();
      const std::size_t length = key.size();
      if (const memcached_return_t sent = memcached_mget(handle_.get(), &name, &length, 1);
          memcached_failed(sent))
        return cause_of(sent);
      return fetch_all(key, item);
    });
    return item;
  }

  bool remove(const std::string& key) override {
    bool found = true;
    ask("delete", Question::remove, [&] {
      const memcached_return_t code = memcached_delete(handle_.get(), key.data(), key.size(), 0);
      found = code != MEMCACHED_NOTFOUND;
      return found ? code : MEMCACHED_SUCCESS;
    });
    return found;
  }

  bool has_asked() const override { return guard_.connected(); }

  Stats stats(const std::string& what, IsWanted is_wanted) override {
    Stats answer;
    const auto take = [&](std::string_view name, std::string_view value) {
      if (is_wanted(name)) answer.insert_or_assign(std::string(name), std::string(value));
    };
    const auto execute = [&] {
      // It asks for this first, once, and then forgets what failed.
      const memcached_return_t asked = memcached_version(handle_.get());
      if (memcached_failed(asked)) return cause_of(asked);
      const memcached_return_t code =
          memcached_stat_execute(handle_.get(), what.empty() ? nullptr : what.c_str(), ignore_stat, nullptr);
      // It keeps what went wrong with a server to itself.
      return memcached_failed(code) ? cause_of(code) : memcached_last_error(handle_.get());
    };
    ask(what.empty() ? "stats" : "stats " + what, Question::statistics, execute, take);
    return answer;
  }

 private:
  // All that comes up to the end of the answer, so that none of it is left for the next question.
  memcached_return_t fetch_all(const std::string& key, std::optional<Item>& item) {
    memcached_result_st result;
    memcached_result_create(handle_.get(), &result);
    memcached_return_t code = MEMCACHED_SUCCESS;
    while (memcached_fetch_result(handle_.get(), &result, &code) != nullptr) {
      const std::string_view name(memcached_result_key_value(&result), memcached_result_key_length(&result));
      const bool is_ours = name == key && !item;
      item = Item{std::string(memcached_result_value(&result), memcached_result_length(&result)), is_ours};
    }
    memcached_result_free(&result);
    return code == MEMCACHED_NOTFOUND || code == MEMCACHED_END ? MEMCACHED_SUCCESS : code;
  }

  std::string place(const char* preposition) const {
    return place_of_step(preposition, server_.name, server_.where());
  }
  std::string connecting() const { return "connecting" + place("to"); }

  template <class Call>
  void ask(const std::string& command, Question question, const Call& call, const TakeStat& take_stat = {}) {
    trace_.begin((guard_.connected() ? "" : connecting() + ", ") + command);
    if (addresses_.empty()) look_up();
    Reply reply = ask_address(question, call, take_stat);
    while (reply.failed() && !guard_.connected() && address_ + 1 < addresses_.size()) {
      ++address_;
      use_address();
      const Reply next = ask_address(question, call, take_stat);
      if (guard_.connected() || !is_without_route(next.system_error)) reply = next;
    }
    trace_.end();
    // libmemcached takes an answer that was cut for the end of the statistics, and an error for an answer
    // that is empty.
    if (reply.failed() || guard_.verdict() != AnswerGuard::Verdict::fine || guard_.lost() || guard_.refused())
      fail(command, reply);
  }

  template <class Call>
  Reply ask_address(Question question, const Call& call, const TakeStat& take_stat) {
    set_time_outs();
    guard_.next_answer(question, take_stat);
    const GuardedReads reads(guard_, [this](int descriptor) { return accept(descriptor); });
    const memcached_return_t code = call();
    const int connecting = guard_.connect_error();
    return {code, connecting != 0 ? connecting : memcached_last_error_errno(handle_.get())};
  }

  // The library would look the name up as well, and wait for its first address until no time is left.
  void look_up() {
    try {
      addresses_ = server_.socket.empty() ? addresses_of(server_.host) : std::vector{server_.socket};
    } catch (const Error& error) {
      throw Error(error.fault(), "looking up the name: " + std::string(error.what()));
    }
    use_address();
  }

  // SASL hands over the password as it is, and over a Unix socket we have to do it.
  bool accept(int descriptor) {
    not_accepted_.reset();
    if (!socket_login_) return true;
    const std::string flaw = flaw_of_peer(descriptor, server_.socket, {"memcache", "memcached"});
    if (flaw.empty()) {
      guard_.note_sent();
      not_accepted_ = problem_of(log_in_by_plain(descriptor, *socket_login_, deadline_));
    } else {
      not_accepted_ = Error(Fault::denied, connecting() + ": not logged in: " + flaw);
    }
    return !not_accepted_;
  }

  std::optional<Error> problem_of(LoginResult result) const {
    const std::string step = "logging in" + place("to") + ": ";
    switch (result) {
      case LoginResult::done:
        return std::nullopt;
      case LoginResult::refused:
        return Error(Fault::denied, step + refused_by_server);
      case LoginResult::no_sasl:
        return Error(Fault::denied, step + no_sasl_there);
      case LoginResult::more_than_plain:
        return Error(Fault::denied,
                     step + "the server wants more than SASL's PLAIN, which is all there is here");
      case LoginResult::no_memcached:
        return Error(Fault::protocol, step + "what answers there is not memcached with its binary protocol");
      case LoginResult::closed:
        return Error(Fault::unreachable, step + "the server closed the connection");
      case LoginResult::timed_out:
        break;
    }
    return Error(Fault::timeout, step + "timed out" + text_alone);
  }

  void use_address() {
    memcached_servers_reset(handle_.get());
    const char* const address = addresses_[address_].c_str();
    const memcached_return_t added = server_.socket.empty()
                                         ? memcached_server_add(handle_.get(), address, server_.port)
                                         : memcached_server_add_unix_socket(handle_.get(), address);
    if (memcached_failed(added))
      throw usage_error(server_.where() + " is no address that libmemcached takes");
  }

  // Of the version it only says that there were some errors.
  memcached_return_t cause_of(memcached_return_t code) const {
    for (const memcached_return_t cause :
         {memcached_server_error_return(memcached_server_instance_by_position(handle_.get(), 0)),
          memcached_last_error(handle_.get())})
      if (memcached_failed(cause) && cause != MEMCACHED_SOME_ERRORS) return cause;
    return code;
  }

  void set_time_outs() {
    const auto milliseconds = static_cast<std::uint64_t>(std::max(1, deadline_.remaining_milliseconds()));
    memcached_st* const handle = handle_.get();
    memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, milliseconds);
    if (guard_.connected()) return;
    // One that swallows connections leaves those after it their share.
    memcached_behavior_set(
        handle, MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT,
        std::max<std::uint64_t>(1, milliseconds / std::min(most_shares, addresses_.size() - address_)));
    memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_SND_TIMEOUT, milliseconds * 1000);
    memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_RCV_TIMEOUT, milliseconds * 1000);
  }

  [[noreturn]] void fail(const std::string& command, const Reply& reply) const {
    if (not_accepted_) throw Error(*not_accepted_);
    const std::string step = !guard_.connected()      ? connecting()
                             : guard_.refused_login() ? "logging in" + place("to")
                                                      : command + place("on");
    switch (guard_.verdict()) {
      case AnswerGuard::Verdict::malformed:
        if (guard_.strange().starts_with(no_connection_left)) fail_for_want_of_a_connection(step);
        if (is_word_of_protocol(guard_.strange(), command))
          throw Error(Fault::protocol,
                      step + ": \"" + clean(trim(guard_.strange()), 60) + "\" is no answer to that");
        throw Error(Fault::protocol, step + ": " +
                                         (guard_.has_understood() ? "the answer is not memcached's: \"" +
                                                                        clean(guard_.strange(), 60) + "\""
                                                                  : what_answers(guard_.strange())));
      case AnswerGuard::Verdict::too_much:
        throw Flood(Fault::protocol,
                    step + (guard_.reached_limit() ? ": the answer is larger than " +
                                                         std::to_string(max_answer_bytes >> 10) + " KiB"
                                                   : ": the server sends more than we will read"));
      case AnswerGuard::Verdict::too_late:
        throw Error(Fault::timeout, step + (guard_.has_answered() ? ": timed out, the answer comes too slowly"
                                                                  : ": timed out"));
      case AnswerGuard::Verdict::fine:
        break;
    }
    fail_by_code(step, reply);
  }

  [[noreturn]] static void fail_for_want_of_a_connection(const std::string& step) {
    throw Error(Fault::unreachable, step + ": the server has no connection left, its limit is reached");
  }

  [[noreturn]] void fail_by_code(const std::string& step, const Reply& reply) const {
    const auto [code, system_error] = reply;
    const std::string said = clean(guard_.refusal(), 200);
    if (said.starts_with(no_connection_left)) fail_for_want_of_a_connection(step);
    if (guard_.lost()) fail_by_connection(step, code, system_error);
    if (code == MEMCACHED_AUTH_FAILURE || code == MEMCACHED_AUTH_PROBLEM) fail_to_log_in(code);
    if (speaks_of_authentication(said))
      throw Error(Fault::denied, step +
                                     ": the server wants its own text authentication (memcached -Y), "
                                     "which libmemcached does not have");
    if (guard_.refused_login() && guard_.refusal() == "Unknown command")
      throw Error(Fault::denied, step + ": " + no_sasl_there);
    if (guard_.refused() || is_refusal(code))
      throw Refusal(Fault::protocol, step + ": " + (said.empty() ? words_of(code) : said));
    if (code == MEMCACHED_TIMEOUT || system_error == ETIMEDOUT)
      throw Error(Fault::timeout,
                  step + ": timed out" +
                      (with_sasl_ && guard_.connected() && !guard_.has_answered() ? text_alone : ""));
    fail_by_connection(step, code, system_error);
  }

  std::string words_of(memcached_return_t code) const {
    const std::string word = word_of(code);
    return word.empty() ? clean(memcached_strerror(handle_.get(), code), 200) : word;
  }

  [[noreturn]] void fail_to_log_in(memcached_return_t code) const {
    const std::string step = "logging in" + place("to") + ": ";
    if (code == MEMCACHED_AUTH_FAILURE) throw Error(Fault::denied, step + refused_by_server);
    throw Error(Fault::denied,
                step + "SASL has no mechanism that both sides know; PLAIN is in libsasl2-modules");
  }

  [[noreturn]] void fail_by_connection(const std::string& step, memcached_return_t code,
                                       int system_error) const {
    if (guard_.connected() && !guard_.has_answered())
      throw Error(Fault::unreachable,
                  step +
                      ": the server closed the connection without an answer, as one does that wants TLS, or "
                      "SASL (--auth-file), or has reached its limit of connections");
    if (guard_.connected() &&
        (guard_.lost() || code == MEMCACHED_CONNECTION_FAILURE || code == MEMCACHED_ERRNO ||
         code == MEMCACHED_PARTIAL_READ || code == MEMCACHED_SERVER_TEMPORARILY_DISABLED))
      throw Error(Fault::unreachable, step + ": the connection was lost");
    if (system_error != 0) throw Error(Fault::unreachable, step + ": " + system_reason(system_error));
    throw Error(guard_.connected() ? Fault::protocol : Fault::unreachable,
                step + ": " + lower(clean(memcached_strerror(handle_.get(), code), 200)));
  }

  Server server_;  // without the credentials
  std::vector<std::string> addresses_;
  std::size_t address_ = 0;
  Deadline deadline_;
  Trace& trace_;
  bool with_sasl_;
  std::optional<Credentials> socket_login_;
  std::optional<Error> not_accepted_;  // why nothing is asked of who listens at the Unix socket
  AnswerGuard guard_;
  std::unique_ptr<memcached_st, HandleFreer> handle_;
};

class LibmemcachedConnector : public MemcachedConnector {
 public:
  std::unique_ptr<MemcachedClient> client_of(const Server& server, const Deadline& deadline,
                                             Trace& trace) override {
    return std::make_unique<LibmemcachedClient>(server, deadline, trace);
  }
};

}  // namespace

std::shared_ptr<MemcachedConnector> make_connector() { return std::make_shared<LibmemcachedConnector>(); }

}  // namespace evenkeel::memcached
