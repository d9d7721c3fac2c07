#include "evenkeel/memcached/answer_guard.h"

#include <algorithm>
#include <array>
#include <utility>

#include "evenkeel/text.h"

namespace evenkeel::memcached {

namespace {

// Of all lines but statistics. Proxies put much into their errors.
constexpr std::size_t longest_line = 4096;
// The library's shortest line buffer is 350 bytes, with what it adds.
constexpr std::size_t longest_line_for_library = 340;
constexpr std::size_t longest_key = 250;
constexpr std::size_t longest_value = 8192;
constexpr std::size_t longest_error = 1024;
constexpr std::size_t strange_bytes = 60;
constexpr std::size_t header_bytes = 24;
constexpr std::string_view stand_in_version = "1.6.0";
constexpr std::string_view stat_word = "STAT ";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

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
                   get_key = 0x0C, get_key_quietly = 0x0D, stat = 0x10, sasl_list = 0x20, sasl_auth = 0x21,
                   sasl_step = 0x22;
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

constexpr unsigned status_not_found = 0x01, status_auth_continue = 0x21;

bool is_login(unsigned code) {
  return code == opcode::sasl_list || code == opcode::sasl_auth || code == opcode::sasl_step;
}

bool answers(unsigned code, Question question) {
  switch (code) {
    case opcode::get:
    case opcode::get_key:
    case opcode::get_key_quietly:
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

bool is_error(const Header& header) { return header.status != 0 && header.status != status_auth_continue; }

// Whether nothing follows that belongs to the answer. A value is followed by the answer to a noop.
bool ends_answer(const Header& header, Question question) {
  switch (question) {
    case Question::any:
      return false;
    case Question::store:
      return header.opcode == opcode::set;
    case Question::fetch:
      return header.opcode == opcode::noop;
    case Question::remove:
      return header.opcode == opcode::remove;
    case Question::statistics:
      return header.opcode == opcode::stat && (is_error(header) || header.body == 0);
  }
  return false;
}

bool is_sound(const Header& header) {
  if (header.magic != 0x81 || header.key + header.extras > header.body) return false;
  if (is_error(header)) return header.body <= longest_error;
  switch (header.opcode) {
    case opcode::get:
    case opcode::get_key:
    case opcode::get_key_quietly:
      return header.key <= longest_key && header.extras == 4 && header.body <= longest_value;
    case opcode::stat:
      return header.extras == 0 && header.key <= longest_key && header.body <= AnswerGuard::longest_stat;
    case opcode::version:
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
    : protocol_(protocol),
      max_bytes_(max_bytes),
      bytes_left_(max_bytes),
      deadline_(deadline),
      in_time_(deadline) {}

bool AnswerGuard::let_in(std::string_view bytes) {
  if (!listening_ || verdict_ != Verdict::fine) return false;
  const std::string whole = std::exchange(held_, {}).append(bytes);
  if (bytes.size() > bytes_left_ || in_time_.is_too_much(max_bytes_ - bytes_left_))
    verdict_ = Verdict::too_much;
  else if (deadline_.expired())
    verdict_ = Verdict::too_late;
  else if (!screen(whole))
    verdict_ = Verdict::malformed;
  answered_ = answered_ || verdict_ != Verdict::too_late;
  bytes_left_ -= std::min(bytes.size(), bytes_left_);
  return verdict_ == Verdict::fine;
}

std::size_t AnswerGuard::take(char* buffer, std::size_t size) {
  const std::size_t count = ready_.copy(buffer, size);
  ready_.erase(0, count);
  return count;
}

void AnswerGuard::next_answer(Question question, TakeStat take_stat) {
  question_ = question;
  take_stat_ = std::move(take_stat);
  bytes_left_ = max_bytes_;
  if (lost_) forget_lost_answer();
  refusal_.clear();
  refused_ = refused_login_ = false;
  complete_ = false;
  connect_error_ = 0;
}

// Another connection begins with another answer.
void AnswerGuard::forget_lost_answer() {
  lost_ = false;
  ready_.clear();
  held_.clear();
  pending_.clear();
  raw_left_ = 0;
}

bool AnswerGuard::answers_itself(std::string_view request) {
  if (protocol_ != Protocol::text || request != "version\r\n") return false;
  ready_.append("VERSION ").append(stand_in_version).append("\r\n");
  return true;
}

bool AnswerGuard::wants_more_that_is_strange() const {
  return verdict_ == Verdict::malformed && !strange_ended_ && strange_.size() < strange_bytes;
}

void AnswerGuard::add_to_strange(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  strange_ended_ = line.size() < bytes.size();
  strange_ += line.substr(0, strange_bytes - std::min(strange_bytes, strange_.size()));
}

bool AnswerGuard::screen(std::string_view bytes) {
  while (!bytes.empty()) {
    if (complete_) {
      held_ = std::string(bytes);
      return true;
    }
    const std::string before = pending_.substr(0, strange_bytes);
    const std::string_view whole = bytes;
    if (raw_left_ > 0)
      pass_raw(bytes);
    else if (!(protocol_ == Protocol::text ? screen_text(bytes) : screen_binary(bytes))) {
      add_to_strange(before + std::string(whole.substr(0, strange_bytes)));
      return false;
    }
  }
  return true;
}

void AnswerGuard::pass_raw(std::string_view& bytes) {
  const std::string_view raw = bytes.substr(0, std::min<std::uint64_t>(raw_left_, bytes.size()));
  if (raw_is_ == Raw::refusal) refusal_ += raw;
  if (raw_is_ == Raw::statistic) pending_ += raw;
  if (raw_is_ == Raw::value || raw_is_ == Raw::refusal) ready_ += raw;
  raw_left_ -= raw.size();
  bytes.remove_prefix(raw.size());
  if (raw_left_ == 0) end_raw();
}

void AnswerGuard::end_raw() {
  complete_ = ends_with_raw_;
  if (raw_is_ != Raw::statistic) return;
  const std::string_view statistic = pending_;
  if (take_stat_) take_stat_(statistic.substr(0, stat_name_bytes_), statistic.substr(stat_name_bytes_));
  pending_.clear();
}

bool AnswerGuard::screen_text(std::string_view& bytes) {
  // All that memcached says begins so; something else may never end its line.
  if (pending_.empty() && !(bytes.front() >= 'A' && bytes.front() <= 'Z')) return false;
  const std::size_t end = bytes.find('\n');
  const std::string_view part = bytes.substr(0, end);
  pending_ += part;
  // A statistic may be as long as the whole answer.
  const std::string_view begun = std::string_view(pending_).substr(0, stat_word.size());
  const bool may_be_stat = asked_for(Question::statistics) && stat_word.starts_with(begun);
  if (pending_.size() > longest_line && !may_be_stat) return false;
  bytes.remove_prefix(part.size());
  if (end == std::string_view::npos) return true;
  bytes.remove_prefix(1);
  if (!screen_line()) return false;
  end_line();
  return true;
}

void AnswerGuard::end_line() {
  understood_ = true;
  pending_.clear();
}

bool AnswerGuard::screen_line() {
  if (!pending_.ends_with('\r')) return false;
  const std::string_view line = std::string_view(pending_).substr(0, pending_.size() - 1);
  if (line == "STAT" || line.starts_with(stat_word)) return screen_stat_line(line.substr(4));
  if (has_control(line)) return false;
  if (line.starts_with("VALUE ")) return screen_value_line(line);
  if (is_refusal_line(line)) {
    pass_refusal(line);
    return true;
  }
  if (!is_word_line(line, question_)) return false;
  pass_line(line);
  complete_ = question_ != Question::any;
  return true;
}

// One that has no name or holds control characters tells nothing; the others still do.
bool AnswerGuard::screen_stat_line(std::string_view rest) {
  if (!asked_for(Question::statistics)) return false;
  if (!rest.empty()) rest.remove_prefix(1);
  const bool garbled = has_control(rest);
  const std::string_view name = take_until(rest, ' ');
  if (!garbled && !name.empty() && take_stat_) take_stat_(name, rest);
  return true;
}

bool AnswerGuard::screen_value_line(std::string_view line) {
  if (!asked_for(Question::fetch) || !read_value_line(line.substr(6), raw_left_)) return false;
  raw_left_ += 2;  // the line end after the data
  raw_is_ = Raw::value;
  ends_with_raw_ = false;
  pass_line(line);
  return true;
}

void AnswerGuard::pass_refusal(std::string_view line) {
  refusal_ = std::string(line.substr(0, longest_error));
  refused_ = true;
  pass_line(line.substr(0, longest_line_for_library));
  complete_ = question_ != Question::any;
}

void AnswerGuard::pass_line(std::string_view line) { ready_.append(line).append("\r\n"); }

bool AnswerGuard::screen_binary(std::string_view& bytes) {
  const std::string_view part = bytes.substr(0, header_bytes - pending_.size());
  pending_ += part;
  // What is no memcached at all is told by its first byte.
  if (static_cast<unsigned char>(pending_.front()) != 0x81) return false;
  if (pending_.size() == header_bytes && !screen_header()) return false;
  bytes.remove_prefix(part.size());
  if (pending_.size() == header_bytes) end_line();
  return true;
}

// As in the text protocol: a version that is no number is fine.
bool AnswerGuard::replace_version(std::uint64_t body) {
  std::string header(header_bytes, '\0');
  header[0] = '\x81';
  header[1] = static_cast<char>(opcode::version);
  header[11] = static_cast<char>(stand_in_version.size());
  ready_.append(header.append(stand_in_version));
  raw_is_ = Raw::ignored;
  raw_left_ = body;
  ends_with_raw_ = false;
  return true;
}

bool AnswerGuard::screen_header() {
  const Header header = read_header(pending_);
  if (!is_sound(header) || (question_ != Question::any && !answers(header.opcode, question_))) return false;
  // What follows a get that was refused answers no later question.
  if (header.opcode == opcode::noop && !asked_for(Question::fetch)) return true;
  if (header.opcode == opcode::version) return replace_version(header.body);
  const bool tells = header.opcode == opcode::stat && !is_error(header) && header.body > 0;
  raw_is_ = tells ? Raw::statistic : is_error(header) ? Raw::refusal : Raw::value;
  if (is_error(header)) {
    refusal_.clear();
    refused_ = refused_ || header.status != status_not_found;
    refused_login_ = is_login(header.opcode);
  }
  if (!tells) ready_ += pending_;
  stat_name_bytes_ = header.key;
  raw_left_ = header.body;
  ends_with_raw_ = ends_answer(header, question_);
  complete_ = ends_with_raw_ && raw_left_ == 0;
  return true;
}

}  // namespace evenkeel::memcached
