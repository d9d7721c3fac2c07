#include "real_key.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

namespace evenkeel::table_sync {

namespace {

std::optional<double> real_from(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::string real_text(double number, std::chars_format format) {
  char text[40];
  // One key, where a server keeps the sign of zero.
  const double value = number == 0 ? 0 : number;
  const char* end = std::to_chars(text, text + sizeof text, value, format).ptr;
  return std::string(text, static_cast<std::size_t>(end - text));
}

}  // namespace

bool is_real(std::string_view text) {
  return text.size() <= 40 && text.find_first_not_of("0123456789.e+-") == std::string_view::npos &&
         real_from(text).has_value();
}

std::string real_literal(std::string_view text) {
  return real_text(real_from(text).value_or(0), std::chars_format::scientific);
}

std::string real_of_point(std::string_view hex) {
  // 4 bytes, the order of bytes (1: little end first), 4 of the type, X, Y.
  constexpr std::string_view little_end = "01";
  constexpr std::size_t order_at = 8, x_at = 18, size = 50;
  if (hex.size() != size || hex.substr(order_at, 2) != little_end) return "NULL";
  std::uint64_t bits = 0;
  for (std::size_t i = 8; i-- > 0;) {
    std::uint64_t byte = 0;
    const char* digits = hex.data() + x_at + 2 * i;
    if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return "NULL";
    bits = (bits << 8) | byte;
  }
  const auto number = std::bit_cast<double>(bits);
  return std::isfinite(number) ? real_text(number, std::chars_format::general) : "NULL";
}

}  // namespace evenkeel::table_sync
