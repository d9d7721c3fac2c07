#include "integer_key.h"

#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

}  // namespace

std::optional<std::uint64_t> place_of(const KeyColumn& column, const std::string& number) {
  if (column.is_unsigned) return parse_integer<std::uint64_t>(number);
  const auto value = parse_integer<std::int64_t>(number);
  if (!value) return std::nullopt;
  return static_cast<std::uint64_t>(*value) ^ sign_bit;
}

std::string number_at(const KeyColumn& column, std::uint64_t place) {
  if (column.is_unsigned) return std::to_string(place);
  return std::to_string(static_cast<std::int64_t>(place ^ sign_bit));
}

std::string place_expression(const KeyColumn& column) {
  const std::string name = mysql::quoted_name(column.name);
  return column.is_unsigned ? name : "(" + name + " ^ " + std::to_string(sign_bit) + ")";
}

}  // namespace evenkeel::table_sync
