#include "evenkeel/memcached/answer_guard.h"

#include <algorithm>
#include <array>

#include "evenkeel/text.h"

namespace evenkeel::memcached {

namespace {

// The library's shortest line buffer is 350 bytes, with what it adds.
constexpr std::size_t longest_line = 340;
constexpr std::size_t longest_key = 250;
constexpr std::size_t longest_value = 8192;
constexpr std::size_t longest_error = 1024;
constexpr std::size_t greeting_bytes = 60;
constexpr std::size_t header_bytes = 24;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_graph(char c) { return c > ' ' && c < 0x7F; }

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 10 && std::all_of(text.begin(), text.end(), is_digit);
}

// "KEY FLAGS BYTES[ CAS]"; 0 bytes of data are fine, a value larger than any of ours is not.
bool read_value_line(std::string_view rest, std::uint64_t& data_bytes) {
  const std::string_view key = take_until(rest, ' ');
  const std::string_view flags = take_until(rest, ' ');
  const std::string_view bytes = take_until(rest, ' ');
  const bool fine = !key.empty() && key.size() <= longest_key && is_number(flags) && is_number(bytes) &&
                    std::all_of(rest.begin(), rest.end(), is_digit);
  if (!fine) return false;
  data_bytes = 0;
  for (const char digit : bytes) data_bytes = data_bytes * 10 + static_cast<std::uint64_t>(digit - '0');
  return data_bytes <= longest_value;
}

bool is_stat_line(std::string_view rest) {
  const std::string_view name = take_until(rest, ' ');
  return !name.empty() && std::all_of(name.begin(), name.end(), is_graph);
}

bool is_version_line(std::string_view rest) { return !rest.empty() && is_digit(rest.front()); }

bool is_refusal_line(std::string_view line) {
  return line.starts_with("SERVER_ERROR") || line.starts_with("CLIENT_ERROR") || line == "ERROR" ||
         line.starts_with("ERROR ");
}

struct Word {
  std::string_view text;
  Question question;
};

// Lines of one word that answer this question.
bool is_word_line(std::string_view line, Question question) {
  static constexpr std::array words{Word{"STORED", Question::store},     Word{"NOT_STORED", Question::store},
                                    Word{"EXISTS", Question::store},     Word{"NOT_FOUND", Question::store},
                                    Word{"END", Question::fetch},        Word{"DELETED", Question::remove},
                                    Word{"NOT_FOUND", Question::remove}, Word{"END", Question::statistics}};
  return std::any_of(words.begin(), words.end(), [&](const Word& word) {
    return word.text == line && (question == Question::any || question == word.question);
  });
}

bool has_control(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

// ---- binary ----

namespace opcode {
constexpr unsigned get = 0x00, set = 0x01, remove = 0x04, quit = 0x07, noop = 0x0A, version = 0x0B,
                   stat = 0x10, sasl_list = 0x20, sasl_auth = 0x21, sasl_step = 0x22, get_key = 0x0C;
}

struct Header {
  unsigned magic, opcode, key, extras, status;
  std::uint64_t body;
};

Header read_header(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
  const auto word = [&](std::size_t i) { return at(i) << 8 | at(i + 1); };
  return {at(0), at(1), word(2), at(4), word(6), static_cast<std::uint64_t>(word(8)) << 16 | word(10)};
}

constexpr unsigned status_auth_continue = 0x21;

bool answers(unsigned code, Question question) {
  switch (code) {
    case opcode::get:
    case opcode::get_key:
      return question == Question::fetch;
    case opcode::set:
      return question == Question::store;
    case opcode::remove:
      return question == Question::remove;
    case opcode::stat:
      return question == Question::statistics;
    default:
      return true;
  }
}

bool is_sound(const Header& header) {
  if (header.magic != 0x81 || header.key + header.extras > header.body) return false;
  if (header.status != 0 && header.status != status_auth_continue) return header.body <= longest_error;
  switch (header.opcode) {
    case opcode::get:
    case opcode::get_key:
      return header.key <= longest_key && header.extras == 4 && header.body <= longest_value;
    case opcode::stat:
      return header.extras == 0 && header.body <= longest_line;
    case opcode::version:
      return header.key == 0 && header.extras == 0 && header.body < 32;
    case opcode::sasl_list:
    case opcode::sasl_auth:
    case opcode::sasl_step:
      return header.key == 0 && header.extras == 0 && header.body <= longest_error;
    case opcode::set:
    case opcode::remove:
    case opcode::quit:
    case opcode::noop:
      return header.body == 0;
    default:
      return false;
  }
}

}  // namespace

AnswerGuard::AnswerGuard(Protocol protocol, std::size_t max_bytes, const Deadline& deadline)
    : protocol_(protocol), max_bytes_(max_bytes), bytes_left_(max_bytes), deadline_(deadline) {}

bool AnswerGuard::let_in(std::string_view bytes) {
  if (!listening_ || verdict_ != Verdict::fine) return false;
  if (greeting_.size() < greeting_bytes) greeting_.append(bytes.substr(0, greeting_bytes - greeting_.size()));
  if (bytes.size() > bytes_left_)
    verdict_ = Verdict::too_much;
  else if (deadline_.expired())
    verdict_ = Verdict::too_late;
  else if (!screen(bytes))
    verdict_ = Verdict::malformed;
  answered_ = answered_ || verdict_ != Verdict::too_late;
  bytes_left_ -= std::min(bytes.size(), bytes_left_);
  return verdict_ == Verdict::fine;
}

bool AnswerGuard::screen(std::string_view bytes) {
  while (!bytes.empty()) {
    if (raw_left_ > 0)
      pass_raw(bytes);
    else if (!(protocol_ == Protocol::text ? screen_text(bytes) : screen_binary(bytes))) {
      strange_ = (pending_.empty() ? std::string(bytes) : pending_).substr(0, greeting_bytes);
      return false;
    }
  }
  return true;
}

void AnswerGuard::pass_raw(std::string_view& bytes) {
  const std::string_view raw = bytes.substr(0, std::min<std::uint64_t>(raw_left_, bytes.size()));
  if (raw_is_refusal_) refusal_ += raw;
  raw_left_ -= raw.size();
  bytes.remove_prefix(raw.size());
}

bool AnswerGuard::screen_text(std::string_view& bytes) {
  // All that memcached says begins so; something else may never end its line.
  if (pending_.empty() && !(bytes.front() >= 'A' && bytes.front() <= 'Z')) return false;
  const std::size_t end = bytes.find('\n');
  const std::string_view part = bytes.substr(0, end);
  if (pending_.size() + part.size() > longest_line) return false;
  pending_ += part;
  bytes.remove_prefix(part.size());
  if (end == std::string_view::npos) return true;
  bytes.remove_prefix(1);
  if (!screen_line()) return false;
  end_part();
  return true;
}

void AnswerGuard::end_part() {
  understood_ = true;
  pending_.clear();
}

bool AnswerGuard::screen_line() {
  if (!pending_.ends_with('\r')) return false;
  const std::string_view line = std::string_view(pending_).substr(0, pending_.size() - 1);
  if (has_control(line)) return false;
  const auto asked_for = [this](Question question) {
    return question_ == Question::any || question_ == question;
  };
  if (line.starts_with("STAT ")) return asked_for(Question::statistics) && is_stat_line(line.substr(5));
  if (line.starts_with("VERSION ")) return asked_for(Question::statistics) && is_version_line(line.substr(8));
  if (line.starts_with("VALUE ")) {
    if (!asked_for(Question::fetch) || !read_value_line(line.substr(6), raw_left_)) return false;
    raw_left_ += 2;  // the line end after the data
    raw_is_refusal_ = false;
    return true;
  }
  if (is_refusal_line(line)) {
    refusal_ = std::string(line);
    return true;
  }
  return is_word_line(line, question_);
}

bool AnswerGuard::screen_binary(std::string_view& bytes) {
  const std::string_view part = bytes.substr(0, header_bytes - pending_.size());
  pending_ += part;
  bytes.remove_prefix(part.size());
  // What is no memcached at all is told by its first byte.
  if (static_cast<unsigned char>(pending_.front()) != 0x81) return false;
  if (pending_.size() < header_bytes) return true;
  if (!screen_header()) return false;
  end_part();
  return true;
}

bool AnswerGuard::screen_header() {
  const Header header = read_header(pending_);
  if (!is_sound(header) || (question_ != Question::any && !answers(header.opcode, question_))) return false;
  raw_left_ = header.body;
  raw_is_refusal_ = header.status != 0 && header.status != status_auth_continue;
  if (raw_is_refusal_) refusal_.clear();
  return true;
}

}  // namespace evenkeel::memcached
