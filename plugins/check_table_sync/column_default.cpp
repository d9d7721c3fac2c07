#include "column_default.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "evenkeel/text.h"
#include "table_name.h"

namespace evenkeel::table_sync {

namespace {

using Kind = ColumnDefault::Kind;

// MariaDB has written defaults as SQL since this version, and bare values before it.
constexpr int mariadb_writes_sql = 100207;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The value of 'one quoted literal' that is the whole text.
std::optional<std::string> quoted_value(std::string_view text) {
  if (text.size() < 2 || text.front() != '\'' || text.back() != '\'') return std::nullopt;
  std::string value;
  const std::size_t last = text.size() - 1;
  for (std::size_t i = 1; i < last; ++i) {
    if (text[i] == '\\') {
      if (++i >= last) return std::nullopt;
      value += unescaped(text[i]);
    } else if (text[i] == '\'') {
      if (++i >= last || text[i] != '\'') return std::nullopt;
      value += '\'';
    } else {
      value += text[i];
    }
  }
  return value;
}

std::optional<std::string> bytes_of_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned value = 0;
    const char* end = digits.data() + i + 2;
    const auto [stop, error] = std::from_chars(digits.data() + i, end, value, 16);
    if (error != std::errc() || stop != end) return std::nullopt;
    bytes += static_cast<char>(value);
  }
  return bytes;
}

// x'756e', X'756E', 0x756E
std::optional<std::string> hex_value(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) return bytes_of_hex(text.substr(2));
  const bool quoted = text.size() >= 3 && (text[0] == 'x' || text[0] == 'X') && text[1] == '\'';
  if (!quoted || text.back() != '\'') return std::nullopt;
  return bytes_of_hex(text.substr(2, text.size() - 3));
}

// "1.50" and "1.5", "00007" and "7", "b'0101'" and "b'101'" are one number each.
std::optional<std::string> normal_number(std::string_view text) {
  if (text.starts_with("b'") && text.ends_with("'") && text.size() >= 3) {
    std::string_view bits = text.substr(2, text.size() - 3);
    if (bits.find_first_not_of("01") != std::string_view::npos) return std::nullopt;
    while (bits.size() > 1 && bits.front() == '0') bits.remove_prefix(1);
    return "b'" + std::string(bits) + "'";
  }
  double number = 0;
  if (!parse_number(text, number)) return std::nullopt;
  // More digits than a double holds may be told apart by.
  if (text.find_first_of("eE") != std::string_view::npos) return format_exact(number);
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  const std::size_t point = text.find('.');
  std::string whole(text.substr(0, point));
  std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  if (whole.empty()) whole = "0";
  const std::string digits = whole + (fraction.empty() ? "" : "." + fraction);
  return (negative && digits != "0" ? "-" : "") + digits;
}

// The digits of its fraction, where the text is now() by any of its names.
std::optional<std::string> fraction_of_now(std::string_view text) {
  // MariaDB 11.8 writes LOCALTIME as curtime().
  constexpr std::array<std::string_view, 5> names{"current_timestamp", "now", "localtimestamp", "localtime",
                                                  "curtime"};
  const std::string word = lower(text.substr(0, text.find('(')));
  if (std::find(names.begin(), names.end(), word) == names.end()) return std::nullopt;
  std::string_view rest = text.substr(word.size());
  if (rest.empty() || rest == "()" || rest == "(0)") return "";
  const bool one_digit =
      rest.size() == 3 && rest[0] == '(' && rest[1] > '0' && rest[1] <= '6' && rest[2] == ')';
  return one_digit ? std::optional(std::string(1, rest[1])) : std::nullopt;
}

// MySQL keeps expressions with their quotes escaped: concat(_utf8mb4\'a\')
std::string without_escaped_quotes(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\\' || i + 1 == text.size() || text[i + 1] != '\'') plain += text[i];
  return plain;
}

std::string_view without_introducer(std::string_view text) {
  if (!text.starts_with('_')) return text;
  const auto end = std::find_if_not(text.begin(), text.end(), is_word);
  const auto length = static_cast<std::size_t>(end - text.begin());
  return length < text.size() && text[length] == '\'' ? text.substr(length) : text;
}

ColumnDefault literal(std::string value, DefaultOf column) {
  if (column == DefaultOf::number)
    if (auto number = normal_number(value)) return {Kind::number, std::move(*number)};
  return {column == DefaultOf::bytes ? Kind::bytes : Kind::text, std::move(value)};
}

// Written as SQL.
ColumnDefault from_sql(std::string_view text, DefaultOf column) {
  const std::string_view bare = without_introducer(text);
  if (auto value = quoted_value(bare)) {
    ColumnDefault result = literal(std::move(*value), column);
    result.blurred = result.kind == Kind::bytes && result.value.find('?') != std::string::npos;
    return result;
  }
  if (auto value = hex_value(bare)) return literal(std::move(*value), column);
  if (column == DefaultOf::moment)
    if (auto digits = fraction_of_now(text)) return {Kind::now, std::move(*digits)};
  if (auto number = normal_number(text)) return {Kind::number, std::move(*number)};
  return {Kind::expression, std::string(text)};
}

// The bare value.
ColumnDefault from_value(const std::string& text, DefaultOf column) {
  if (column == DefaultOf::moment)
    if (auto digits = fraction_of_now(text)) return {Kind::now, std::move(*digits)};
  if (column != DefaultOf::bytes) return literal(text, column);
  const auto bytes = text.starts_with("0x") ? hex_value(text) : std::nullopt;
  ColumnDefault result{Kind::bytes, bytes.value_or(text)};
  result.cut = true;
  return result;
}

// Whether `shown`, where a question mark stands for one byte that is no character, may be `bytes`.
bool may_be_shown_as(std::string_view bytes, std::string_view shown) {
  return bytes.size() == shown.size() &&
         std::equal(bytes.begin(), bytes.end(), shown.begin(),
                    [](char byte, char seen) { return byte == seen || seen == '?'; });
}

std::string_view upto_nul(std::string_view bytes) { return bytes.substr(0, bytes.find('\0')); }

bool may_be_same_bytes(const ColumnDefault& a, const ColumnDefault& b) {
  std::string_view left = a.value, right = b.value;
  if (a.cut || b.cut) {
    left = upto_nul(left);
    right = upto_nul(right);
  }
  return left == right || (a.blurred && may_be_shown_as(right, left)) ||
         (b.blurred && may_be_shown_as(left, right));
}

bool is_text(Kind kind) { return kind == Kind::text || kind == Kind::bytes; }

}  // namespace

std::string ColumnDefault::text() const {
  switch (kind) {
    case Kind::none:
      return "none";
    case Kind::text:
    case Kind::bytes:
      return "'" + value + "'";
    case Kind::now:
      return "current_timestamp(" + value + ")";
    default:
      return value;
  }
}

ColumnDefault default_from(const std::optional<std::string>& written, bool generated, DefaultOf column,
                           const Dialect& dialect) {
  if (!written) return {};
  if (!dialect.is_mariadb())
    return generated ? from_sql(without_escaped_quotes(*written), column) : from_value(*written, column);
  if (dialect.version < mariadb_writes_sql) return from_value(*written, column);
  if (*written == "NULL") return {};
  return from_sql(*written, column);
}

std::string normal_expression(std::string_view expression) {
  std::string text;
  const std::string plain = without_escaped_quotes(expression);
  char quote = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    if (quote != 0) {
      text += c;
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
      text += c;
    } else if (c == '_' && (i == 0 || !is_word(plain[i - 1]))) {
      const std::string_view rest = std::string_view(plain).substr(i);
      const std::string_view after = without_introducer(rest);
      if (after.size() == rest.size())
        text += c;
      else
        i += rest.size() - after.size() - 1;
    } else if (c != ' ' && c != '(' && c != ')' && c != '`') {
      text += lower(std::string_view(&c, 1));
    }
  }
  return text;
}

bool may_be_equal(const ColumnDefault& a, const ColumnDefault& b, bool same_family) {
  if (a.kind == Kind::none || b.kind == Kind::none) return a.kind == b.kind;
  if (is_text(a.kind) && is_text(b.kind)) return may_be_same_bytes(a, b);
  const bool has_expression = a.kind == Kind::expression || b.kind == Kind::expression;
  // One family folds constants that the other keeps as they were written.
  if (has_expression && !same_family) return true;
  if (has_expression && a.kind == b.kind) return normal_expression(a.value) == normal_expression(b.value);
  return a.kind == b.kind && a.value == b.value;
}

}  // namespace evenkeel::table_sync
