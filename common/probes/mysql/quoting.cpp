#include "evenkeel/mysql/quoting.h"

namespace evenkeel::mysql {

namespace {

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) result += c == quote ? std::string(2, quote) : std::string(1, c);
  return result + quote;
}

}  // namespace

std::string quoted_account(std::string_view current_user) {
  const std::size_t at = current_user.rfind('@');
  if (at == std::string_view::npos) return quoted(current_user, '\'') + "@'%'";
  return quoted(current_user.substr(0, at), '\'') + "@" + quoted(current_user.substr(at + 1), '\'');
}

std::string quoted_name(std::string_view name) { return quoted(name, '`'); }

}  // namespace evenkeel::mysql
