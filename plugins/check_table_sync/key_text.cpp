#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "evenkeel/text.h"
#include "key_range.h"

namespace evenkeel::table_sync {

namespace {

using Kind = KeyColumn::Kind;

constexpr std::size_t most_text = 64;
constexpr std::size_t most_hex = 66;  // 0x and 32 bytes

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

// All of its characters come through clean(), which makes one blank of several.
bool is_printable(const std::string& text) {
  if (text.find("  ") != std::string::npos) return false;
  std::string solid = text;
  std::replace(solid.begin(), solid.end(), ' ', '_');
  return clean(solid, solid.size() + 1) == solid;
}

// Nothing in it could be taken for what stands around it, or for a number in hex.
bool is_word(const std::string& text) {
  return !text.empty() && text.find_first_of(" '\"`,()\\;=<>") == std::string::npos &&
         !text.starts_with("0x") && text != "…";
}

std::string in_quotes(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

std::string shown_text(const std::string& text) {
  if (text.size() > most_text) return clean(text, most_text);
  return is_word(text) ? text : in_quotes(text);
}

// In these, bytes that look like ASCII are something else.
bool is_wide(const std::string& charset) {
  return charset.starts_with("ucs2") || charset.starts_with("utf16") || charset.starts_with("utf32");
}

std::string shown_bytes(const KeyColumn& column, const std::string& hex) {
  const std::string bytes = bytes_of_hex(hex);
  const bool utf8 = column.kind == Kind::text && column.charset.starts_with("utf8");
  if (is_printable(bytes) && (utf8 || (is_ascii(bytes) && !is_wide(column.charset))))
    return shown_text(bytes);
  return shorten("0x" + hex, most_hex);
}

// ENUMs and SETs are read as numbers.
std::string shown_index(const KeyColumn& column, const std::string& value) {
  const std::optional<std::uint64_t> number = parse_integer<std::uint64_t>(value);
  if (column.words.empty() || !number) return value;
  std::string text;
  if (!column.is_set) {
    // 0 is what a server stores for a word that is not in the list.
    if (*number == 0 || *number > column.words.size()) return value;
    text = column.words[*number - 1];
  } else {
    for (std::size_t i = 0; i < column.words.size() && i < 64; ++i)
      if ((*number >> i & 1) != 0) text += (text.empty() ? "" : ",") + column.words[i];
  }
  return is_printable(text) ? shown_text(text) : value;
}

std::string value_text(const KeyColumn& column, const std::string& value) {
  switch (column.kind) {
    case Kind::text:
    case Kind::bytes:
      return shown_bytes(column, value);
    case Kind::index:
      return shown_index(column, value);
    case Kind::temporal:
      return in_quotes(value) + (column.is_utc ? " UTC" : "");
    default:
      return value;
  }
}

}  // namespace

std::string key_text(const ComparisonPlan& plan, const KeyTuple& key) {
  std::string text;
  for (std::size_t i = 0; i < plan.key.size() && i < key.size(); ++i)
    text += (i ? ", " : "") + value_text(plan.key[i], key[i]);
  return plan.key.size() > 1 ? "(" + text + ")" : text;
}

}  // namespace evenkeel::table_sync
