// Screens what a memcached server sends before the client library sees it. The library trusts lengths and
// line forms (a key of 300 bytes overruns its buffer, "VERSION" alone is read through a null pointer), and
// waits per read, so that a byte a second lasts for ever. The verdict does not depend on how the network cuts
// an answer into segments.
// Source: memcached, doc/protocol.txt and doc/protocol-binary.xml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "evenkeel/deadline.h"
#include "evenkeel/much_in_time.h"

namespace evenkeel::memcached {

enum class Protocol { text, binary };

enum class Question { any, store, fetch, remove, statistics };

// A statistic as the server tells it. Both texts live only as long as the call.
using TakeStat = std::function<void(std::string_view name, std::string_view value)>;

class AnswerGuard {
 public:
  enum class Verdict { fine, malformed, too_much, too_late };
  static constexpr std::size_t longest_stat = 1u << 16;  // of the binary protocol, name and value

  AnswerGuard(Protocol protocol, std::size_t max_bytes, const Deadline& deadline);

  // Screens what has just arrived. False: the connection is to be cut, and the library gets none of it.
  bool let_in(std::string_view bytes);
  // What the library may read of it: at most `size` bytes, 0 where there is nothing yet. Statistics are not
  // among it: they go to `take_stat`, since the library's buffer is too small for some of them.
  std::size_t take(char* buffer, std::size_t size);

  // What was asked, and so what may be answered, beside errors and logging in: the library ends the process
  // over words that answer another question. Each answer may be as long as the first. What came beyond the
  // end of the last answer is read as the beginning of this one, as it would be had it come later.
  void next_answer(Question question, TakeStat take_stat = {});
  // The library asks for the version before statistics, and gives up on proxies whose version is no number.
  // Nothing here needs it: the guard answers in the server's place. False: this has to be sent.
  bool answers_itself(std::string_view request);

  void note_sent() { connected_ = true; }
  // The connection has ended or failed. What has come of an answer that is not complete means nothing then,
  // and the library takes some of it for a whole one.
  void note_end() { lost_ = !complete_; }
  bool lost() const { return lost_; }
  // Why the connection could not be made; the library forgets it where it asks for the version first.
  void note_connect_error(int error) { connect_error_ = error; }
  int connect_error() const { return connect_error_; }
  // What is left is a goodbye for which the library would wait; the end of the connection says as much.
  void stop_listening() { listening_ = false; }
  bool listens() const { return listening_; }
  // Bytes beyond the end of the last answer, which let_in("") screens.
  bool holds_bytes() const { return !held_.empty() && !complete_; }

  Verdict verdict() const { return verdict_; }
  // Of what is too much: the limit, and not merely a large part of it in all of the time.
  bool reached_limit() const { return bytes_left_ == 0; }
  bool expired() const { return deadline_.expired(); }
  bool connected() const { return connected_; }
  bool has_answered() const { return answered_; }
  // Whether any part of an answer was one, and the beginning of the line that was not.
  bool has_understood() const { return understood_; }
  const std::string& strange() const { return strange_; }
  // What is strange is shown: its text must not depend on how the network cut it.
  bool wants_more_that_is_strange() const;
  void add_to_strange(std::string_view bytes);
  // The "… ERROR …" of this answer in the server's own words.
  const std::string& refusal() const { return refusal_; }
  // Whether there was one. That a key is not there is none. Of a refusal the library tells not in all
  // answers.
  bool refused() const { return refused_; }
  bool refused_login() const { return refused_login_; }

 private:
  enum class Raw { value, refusal, statistic, ignored };

  bool screen(std::string_view bytes);
  // Each takes what it can judge off the front.
  void pass_raw(std::string_view& bytes);
  void end_raw();
  bool screen_text(std::string_view& bytes);
  bool screen_line();
  void end_line();
  bool screen_stat_line(std::string_view rest);
  bool screen_value_line(std::string_view line);
  void pass_refusal(std::string_view line);
  void forget_lost_answer();
  void pass_line(std::string_view line);
  bool asked_for(Question question) const { return question_ == Question::any || question_ == question; }
  bool screen_binary(std::string_view& bytes);
  bool screen_header();
  bool replace_version(std::uint64_t body);

  Protocol protocol_;
  Question question_ = Question::any;
  TakeStat take_stat_;
  std::size_t max_bytes_;
  std::size_t bytes_left_;
  Deadline deadline_;
  MuchInTime in_time_;
  Verdict verdict_ = Verdict::fine;
  int connect_error_ = 0;
  bool connected_ = false;
  bool answered_ = false;
  bool understood_ = false;
  bool listening_ = true;
  bool complete_ = false;  // the answer to the question has ended
  bool lost_ = false;
  std::string ready_;  // for the library
  std::string held_;   // came beyond the end of the answer
  std::string strange_;
  bool strange_ended_ = false;
  std::string refusal_;
  bool refused_ = false;
  bool refused_login_ = false;
  std::string pending_;         // the line, header or statistic that is not complete yet
  std::uint64_t raw_left_ = 0;  // bytes of a value or body that follow
  Raw raw_is_ = Raw::value;
  std::size_t stat_name_bytes_ = 0;
  bool ends_with_raw_ = false;  // the answer, with the bytes that follow
};

// Called with a socket as soon as it is connected. False: nothing may be sent there, and the connection
// counts as refused.
using AcceptPeer = std::function<bool(int descriptor)>;

// While it lives, this thread's reads go through `guard`, and its new connections through `accept`.
class GuardedReads {
 public:
  explicit GuardedReads(AnswerGuard& guard, const AcceptPeer& accept = {});
  ~GuardedReads();
  GuardedReads(const GuardedReads&) = delete;
  GuardedReads& operator=(const GuardedReads&) = delete;
};

}  // namespace evenkeel::memcached
