#include "evenkeel/mysql/server_version.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "evenkeel/text.h"

namespace evenkeel::mysql {

namespace {

constexpr int highest_part = 99;

int take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && text.front() == '.') text.remove_prefix(1);
  return std::min(value, highest_part);
}

}  // namespace

ServerVersion ServerVersion::parse(std::string_view text) {
  ServerVersion version;
  version.mariadb = lower(text).find("mariadb") != std::string::npos;
  // MariaDB 10 greets old replicas as 5.5.5.
  constexpr std::string_view disguise = "5.5.5-";
  if (version.mariadb && text.starts_with(disguise)) text.remove_prefix(disguise.size());
  for (int part = 0; part < 3; ++part) version.number = version.number * 100 + take_number(text);
  return version;
}

}  // namespace evenkeel::mysql
