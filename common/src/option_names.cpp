#include "option_names.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "evenkeel/text.h"

namespace evenkeel {

namespace {

constexpr std::string_view ellipsis = "\xE2\x80\xA6";

// Options of ours and of other plugins whose values are, hold or lead to secrets.
constexpr std::array<std::string_view, 16> secret_names{
    "password",       "passwd", "pass",   "password-file", "auth-file",  "auth",    "authorization", "header",
    "authentication", "proxy",  "secret", "token",         "credential", "userpwd", "community",     "pwd"};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string_view name_at_begin(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_name_character);
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

// Letters to add, remove or change (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, above + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// A short name has no room for two slips.
std::size_t slips_of(std::string_view name) { return name.size() < 5 ? 0 : name.size() < 8 ? 1 : 2; }

// The longest part at the begin of `text` that spells `name`, slips and case aside.
std::size_t spelled_at_begin(std::string_view text, std::string_view name) {
  const std::size_t slips = slips_of(name);
  const std::size_t most = std::min(text.size(), name.size() + slips);
  for (std::size_t length = most; length + slips >= name.size() && length > 0; --length)
    if (distance(text.substr(0, length), name) <= slips) return std::min(length, name.size());
  return 0;
}

}  // namespace

bool resembles_an_option(const std::vector<OptionSpec>& specs, std::string_view name) {
  if (name.size() > 60 || name_at_begin(name) != name) return false;
  return std::any_of(specs.begin(), specs.end(), [&](const OptionSpec& spec) {
    return distance(lower(name), spec.name) <= std::max<std::size_t>(slips_of(spec.name), 1);
  });
}

std::size_t secret_option_at_begin(const std::vector<OptionSpec>& specs, std::string_view name) {
  const std::string text = lower(name.substr(0, 60));
  std::size_t longest = 0;
  for (const std::string_view secret : secret_names)
    longest = std::max(longest, spelled_at_begin(text, secret));
  for (const OptionSpec& spec : specs) {
    if (!spec.secret) continue;
    longest = std::max(longest, spelled_at_begin(text, spec.name));
    // "--psecret", as "-psecret" is written.
    if (longest == 0 && spec.letter && !name.empty() && name.front() == spec.letter) longest = 1;
  }
  return longest;
}

std::string unknown_option_text(const std::vector<OptionSpec>& specs, std::string_view name) {
  const std::string_view shown = name_at_begin(name.substr(0, 60));
  if (shown == name && resembles_an_option(specs, name)) return "--" + std::string(name);
  if (const std::size_t length = secret_option_at_begin(specs, shown); length > 0)
    return "--" + std::string(shown.substr(0, length)).append(length < name.size() ? ellipsis : "");
  return "--" + std::string(shown).append(shown.size() < name.size() ? ellipsis : "");
}

}  // namespace evenkeel
