// The part of an answer that has arrived, and whether there is need for more.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "evenkeel/http/http_client.h"

namespace evenkeel::http {

class Arriving {
 public:
  // `tries_again`: the client repeats a request that a 401 answers.
  Arriving(const Endpoint& endpoint, bool tries_again) : endpoint_(endpoint), tries_again_(tries_again) {}

  // False: no more of it is wanted. Then it is complete(), too_much() says what was larger than we read, or
  // it has a bad_status().
  bool take_header(std::string_view line);
  bool take_body(std::string_view part);

  bool complete() const { return complete_; }
  bool header_is_over() const { return header_is_over_; }
  const std::string& too_much() const { return too_much_; }
  // A status that is none of HTTP's, as "600"; nothing where it is one.
  const std::optional<std::string>& bad_status() const { return bad_status_; }
  int answers() const { return answers_; }  // interim ones apart
  Answer& answer() { return answer_; }
  const Answer& answer() const { return answer_; }
  // Of the last answer: nothing of it was there before the first, and its first line came with the second.
  Deadline::Clock::time_point previous() const { return previous_; }
  Deadline::Clock::time_point first_line() const { return first_line_; }

 private:
  void begin_answer(std::string_view line);
  void keep_header(std::string_view name, std::string_view value);

  const Endpoint& endpoint_;
  bool tries_again_;
  Answer answer_;
  int answers_ = 0;
  std::size_t header_bytes_ = 0;
  std::size_t length_ = 0;  // that the header tells
  bool header_is_over_ = false;
  bool complete_ = false;
  std::string too_much_;
  std::optional<std::string> bad_status_;
  Deadline::Clock::time_point previous_{}, first_line_{};
};

}  // namespace evenkeel::http
