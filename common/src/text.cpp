#include "evenkeel/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace evenkeel {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view ellipsis = "\xE2\x80\xA6";

struct Character {
  char32_t code = 0;
  std::size_t length = 1;
  bool valid = false;
};

// The next character of UTF-8 text; overlong forms, surrogates and values above U+10FFFF are invalid
// (RFC 3629). An invalid lead byte is one byte long.
Character next_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t code = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < smallest[length] || code > 0x10FFFF || surrogate) return {};
  return {code, length, true};
}

struct CodeRange {
  char32_t first;
  char32_t last;
};

// What must not reach a reader: characters that end a line, start an escape sequence or turn the direction of
// what follows, and characters that show nothing. All default-ignorable characters of Unicode 15 are here,
// all its invisible format characters, all its blanks (a space stands for them), and noncharacters, which XML
// refuses. Visible format characters, such as Arabic number signs, stay.
constexpr std::array unprintable{
    CodeRange{0x0000, 0x0020},    // C0 controls and the space
    CodeRange{0x007F, 0x00A0},    // DEL, C1 controls, no-break space
    CodeRange{0x00AD, 0x00AD},    // soft hyphen
    CodeRange{0x034F, 0x034F},    // combining grapheme joiner
    CodeRange{0x061C, 0x061C},    // Arabic letter mark: changes direction
    CodeRange{0x115F, 0x1160},    // Hangul fillers
    CodeRange{0x1680, 0x1680},    // Ogham space mark
    CodeRange{0x17B4, 0x17B5},    // Khmer inherent vowels
    CodeRange{0x180B, 0x180F},    // Mongolian variation selectors and vowel separator
    CodeRange{0x2000, 0x200F},    // spaces, zero-width characters, marks of direction
    CodeRange{0x2028, 0x202F},    // separators of lines and paragraphs, embeddings and overrides of direction
    CodeRange{0x205F, 0x206F},    // mathematical space, word joiner, isolates of direction
    CodeRange{0x2800, 0x2800},    // Braille pattern blank
    CodeRange{0x3000, 0x3000},    // ideographic space
    CodeRange{0x3164, 0x3164},    // Hangul filler
    CodeRange{0xFDD0, 0xFDEF},    // noncharacters
    CodeRange{0xFE00, 0xFE0F},    // variation selectors
    CodeRange{0xFEFF, 0xFEFF},    // byte order mark
    CodeRange{0xFFA0, 0xFFA0},    // half-width Hangul filler
    CodeRange{0xFFF0, 0xFFFB},    // reserved as ignorable; interlinear annotation
    CodeRange{0x13430, 0x1345F},  // Egyptian hieroglyph controls and what is reserved beside them
    CodeRange{0x1BCA0, 0x1BCA3},  // shorthand format controls
    CodeRange{0x1D159, 0x1D159},  // musical null note head
    CodeRange{0x1D173, 0x1D17A},  // musical beams and slurs
    CodeRange{0xE0000, 0xE0FFF},  // tags and more variation selectors
};

bool is_unprintable(char32_t code) {
  if (code > 0x20 && code < 0x7F) return false;
  if ((code & 0xFFFE) == 0xFFFE) return true;  // the last two of each plane are noncharacters
  const auto range =
      std::lower_bound(unprintable.begin(), unprintable.end(), code,
                       [](const CodeRange& one, char32_t wanted) { return one.last < wanted; });
  return range != unprintable.end() && range->first <= code;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string clean(std::string_view text, std::size_t max_bytes) {
  // No more is read than can matter, however long a server's text is.
  const std::string_view bounded = text.substr(0, max_bytes * 2 + 64);
  std::string result;
  bool space_pending = false;
  for (std::size_t i = 0; i < bounded.size();) {
    const Character character = next_character(bounded.substr(i));
    if (character.valid && is_unprintable(character.code)) {
      space_pending = !result.empty();
    } else {
      if (space_pending) result += ' ';
      space_pending = false;
      if (!character.valid)
        result += replacement;
      else if (character.code == '|')
        result += '/';
      else
        result += bounded.substr(i, character.length);
    }
    i += character.length;
  }
  if (bounded.size() < text.size() && result.size() <= max_bytes) result += ellipsis;
  return shorten(result, max_bytes);
}

std::string quote(std::string_view text, std::size_t max_bytes) {
  std::string result;
  const std::string_view bounded = text.substr(0, max_bytes * 2);
  for (std::size_t i = 0; i < bounded.size();) {
    const Character character = next_character(bounded.substr(i));
    const std::string_view bytes = bounded.substr(i, character.length);
    result += character.valid && bytes == " " ? " " : clean(bytes).empty() ? " " : clean(bytes);
    i += character.length;
  }
  return "\"" + shorten(result, max_bytes) + "\"";
}

std::string shorten(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  if (max_bytes < ellipsis.size()) return {};
  std::size_t length = max_bytes - ellipsis.size();
  while (length > 0 && is_continuation(text[length])) --length;
  return std::string(text.substr(0, length)).append(ellipsis);
}

std::string format_number(double value, int decimals) {
  std::array<char, 400> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals)
          .ptr;
  std::string text(buffer.data(), end);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

std::string format_exact(double value) {
  if (value == 0) return "0";
  std::array<char, 1200> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed).ptr;
  return {buffer.data(), end};
}

bool parse_number(std::string_view text, double& value) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return false;
  }
  // from_chars also takes "inf" and "nan".
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

std::string format_seconds(double seconds) {
  const double whole = std::floor(std::fabs(seconds));
  const int decimals = whole >= 60 ? 0 : std::fabs(seconds) < 0.001 ? 6 : 3;
  std::string text = format_number(seconds, decimals) + " s";
  if (whole < 120 || whole > 1e15) return text;
  const auto count = static_cast<std::uint64_t>(std::llround(std::fabs(seconds)));
  const std::uint64_t days = count / 86400;
  const std::uint64_t hours = count / 3600 % 24;
  const std::uint64_t minutes = count / 60 % 60;
  const auto pair = [](std::uint64_t big, const char* big_unit, std::uint64_t small, const char* small_unit) {
    std::string words = std::to_string(big) + big_unit;
    return small == 0 ? words : words + " " + std::to_string(small) + small_unit;
  };
  if (days > 0) return text + " (" + pair(days, " d", hours, " h") + ")";
  if (hours > 0) return text + " (" + pair(hours, " h", minutes, " min") + ")";
  return text + " (" + pair(minutes, " min", count % 60, " s") + ")";
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t length = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return taken;
}

}  // namespace evenkeel
