#include "statement_shape.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "evenkeel/text.h"

namespace evenkeel::mysql {

namespace {

constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t longest_name = 64;

// Words whose value may stand without quotes, as in a table option of MariaDB: PASSWORD=secret.
constexpr std::array<std::string_view, 8> secret_words{"passw", "pwd",    "passphrase", "secret",
                                                       "token", "apikey", "api_key",    "auth"};

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_beyond_ascii(char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         is_beyond_ascii(c);
}

// The characters that the servers take for a blank behind "--".
bool is_blank_or_control(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; }

class Shape {
 public:
  explicit Shape(std::string_view text) : text_(text) {}

  std::string take() {
    while (at_ < text_.size()) take_next();
    return std::move(shape_);
  }

 private:
  char peek(std::size_t further) const { return at_ + further < text_.size() ? text_[at_ + further] : '\0'; }

  void copy(std::size_t count) {
    shape_ += text_.substr(at_, count);
    at_ += count;
  }

  void replace_up_to(std::size_t end) {
    // Literals that stand side by side are one.
    if (!shape_.ends_with(ellipsis)) shape_ += ellipsis;
    at_ = std::min(end, text_.size());
  }

  void take_next() {
    const char c = text_[at_];
    const bool value_of_secret = std::exchange(expects_secret_, false);
    if (c == '\'' || c == '"') return replace_up_to(end_of_literal(c));
    if (c == '`') return take_quoted_name();
    if (c == '/' && peek(1) == '*') return take_comment();
    if (c == '#') return take_line_comment();
    if (c == '-' && peek(1) == '-') return take_dashes();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)) && !follows_name())) return take_number();
    if (is_word(c)) return take_word(value_of_secret);
    // No statement has one before a quote outside of a literal.
    if (c == '\\' && peek(1) != 'N') return replace_up_to(npos);
    expects_secret_ = (value_of_secret && is_blank(c)) || (c == '=' && after_secret_word_);
    if (!is_blank(c)) after_secret_word_ = false;
    copy(1);
  }

  // Behind the closing quote; npos where that cannot be told, or is not there.
  std::size_t end_of_literal(char quote) const {
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] != quote) continue;
      if (i > at_ + 1 && text_[i - 1] == '\\') return npos;
      // Nobody writes 'a'b; there it may have begun elsewhere.
      if (i + 1 < text_.size() && is_word(text_[i + 1])) return npos;
      if (i + 1 >= text_.size() || text_[i + 1] != quote) return i + 1;
      ++i;
    }
    return npos;
  }

  void take_quoted_name() {
    std::size_t end = text_.find('`', at_ + 1);
    while (end != npos && end + 1 < text_.size() && text_[end + 1] == '`') end = text_.find('`', end + 2);
    if (end == npos) return replace_up_to(npos);
    copy(end + 1 - at_);
  }

  void take_comment() {
    const std::size_t end = text_.find("*/", at_ + 2);
    const std::string_view inside = text_.substr(at_ + 2, end == npos ? npos : end - at_ - 2);
    const bool may_be_read = inside.starts_with('!') || inside.starts_with("M!") || inside.starts_with('+');
    if (may_be_read &&
        (inside.find_first_of("'\"`#") != npos || inside.find("/*") != npos || inside.find("--") != npos))
      return replace_up_to(npos);
    replace_up_to(end == npos ? npos : end + 2);
  }

  void take_line_comment() {
    const std::size_t end = text_.find('\n', at_);
    replace_up_to(end);
  }

  void take_dashes() {
    if (at_ + 2 >= text_.size() || is_blank_or_control(peek(2))) return take_line_comment();
    // Whether it is a blank depends on the character set.
    if (is_beyond_ascii(peek(2))) return replace_up_to(npos);
    copy(1);
  }

  bool follows_name() const {
    return !shape_.empty() && (is_word(shape_.back()) || shape_.back() == '`') && !shape_.ends_with(ellipsis);
  }

  void take_number() {
    std::size_t end = at_;
    const auto is_sign = [&](std::size_t i) {
      return (text_[i] == '+' || text_[i] == '-') && (text_[i - 1] == 'e' || text_[i - 1] == 'E') &&
             i + 1 < text_.size() && is_digit(text_[i + 1]);
    };
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == '.' || (end > at_ && is_sign(end))))
      ++end;
    replace_up_to(end);
  }

  void take_word(bool value_of_secret) {
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    // $$ … $$ and $tag$ … $tag$ are literals on MySQL, names on MariaDB.
    if (text_[at_] == '$') return replace_up_to(npos);
    const std::string_view word = text_.substr(at_, end - at_);
    const bool is_call = end < text_.size() && text_[end] == '(';
    if (word.size() > longest_name || (value_of_secret && !is_call)) return replace_up_to(end);
    const std::string lowered = lower(word);
    after_secret_word_ = std::any_of(secret_words.begin(), secret_words.end(), [&](std::string_view mark) {
      return lowered.find(mark) != std::string::npos;
    });
    copy(word.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string shape_;
  bool after_secret_word_ = false;
  bool expects_secret_ = false;
};

}  // namespace

std::string shape_of_statement(std::string_view statement) { return Shape(statement).take(); }

}  // namespace evenkeel::mysql
