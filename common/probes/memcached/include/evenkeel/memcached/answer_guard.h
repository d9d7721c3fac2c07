// Screens what a memcached server sends before the client library sees it. The library trusts lengths and
// line forms (a key of 300 bytes overruns its buffer, "VERSION" alone is read through a null pointer), and
// waits per read, so that a byte a second lasts for ever.
// Source: memcached, doc/protocol.txt and doc/protocol-binary.xml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "evenkeel/deadline.h"

namespace evenkeel::memcached {

enum class Protocol { text, binary };

enum class Question { any, store, fetch, remove, statistics };

class AnswerGuard {
 public:
  enum class Verdict { fine, malformed, too_much, too_late };

  AnswerGuard(Protocol protocol, std::size_t max_bytes, const Deadline& deadline);

  // What has just arrived; false: the connection is to be cut, and the library gets none of it.
  bool let_in(std::string_view bytes);

  // What was asked, and so what may be answered, beside errors and logging in: the library ends the process
  // over words that answer another question. Each answer may be as long as the first.
  void next_answer(Question question) {
    question_ = question;
    bytes_left_ = max_bytes_;
    refusal_.clear();
  }
  void note_sent() { connected_ = true; }
  // What is left is a goodbye for which the library would wait; the end of the connection says as much.
  void stop_listening() { listening_ = false; }
  bool listens() const { return listening_; }

  Verdict verdict() const { return verdict_; }
  bool connected() const { return connected_; }
  bool has_answered() const { return answered_; }
  // The beginning of the first answer: tells what it is when it is no memcached.
  const std::string& greeting() const { return greeting_; }
  // Whether any part of an answer was one, and the part that was not.
  bool has_understood() const { return understood_; }
  const std::string& strange() const { return strange_; }
  // The "… ERROR …" of this answer in the server's own words.
  const std::string& refusal() const { return refusal_; }

 private:
  bool screen(std::string_view bytes);
  // Each takes what it can judge off the front.
  void pass_raw(std::string_view& bytes);
  bool screen_text(std::string_view& bytes);
  void end_part();
  bool screen_line();
  bool screen_binary(std::string_view& bytes);
  bool screen_header();

  Protocol protocol_;
  Question question_ = Question::any;
  std::size_t max_bytes_;
  std::size_t bytes_left_;
  Deadline deadline_;
  Verdict verdict_ = Verdict::fine;
  bool connected_ = false;
  bool answered_ = false;
  bool understood_ = false;
  bool listening_ = true;
  std::string greeting_;
  std::string strange_;
  std::string refusal_;
  std::string pending_;         // the line or header that is not complete yet
  std::uint64_t raw_left_ = 0;  // bytes of a value or body that follow
  bool raw_is_refusal_ = false;
};

// While it lives, this thread's reads go through `guard`.
class GuardedReads {
 public:
  explicit GuardedReads(AnswerGuard& guard);
  ~GuardedReads();
  GuardedReads(const GuardedReads&) = delete;
  GuardedReads& operator=(const GuardedReads&) = delete;
};

}  // namespace evenkeel::memcached
