#include "grants.h"

#include <charconv>
#include <tuple>

#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

int take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && text.front() == '.') text.remove_prefix(1);
  return value;
}

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) result += c == quote ? std::string(2, quote) : std::string(1, c);
  return result + quote;
}

}  // namespace

ServerVersion ServerVersion::parse(std::string_view text) {
  ServerVersion version;
  version.mariadb = lower(text).find("mariadb") != std::string::npos;
  // MariaDB 10 greets old replicas as 5.5.5.
  constexpr std::string_view disguise = "5.5.5-";
  if (version.mariadb && text.starts_with(disguise)) text.remove_prefix(disguise.size());
  version.major = take_number(text);
  version.minor = take_number(text);
  version.patch = take_number(text);
  return version;
}

bool ServerVersion::at_least(int wanted_major, int wanted_minor, int wanted_patch) const {
  return std::tie(major, minor, patch) >= std::tie(wanted_major, wanted_minor, wanted_patch);
}

std::string quoted_account(std::string_view current_user) {
  const std::size_t at = current_user.rfind('@');
  if (at == std::string_view::npos) return quoted(current_user, '\'') + "@'%'";
  return quoted(current_user.substr(0, at), '\'') + "@" + quoted(current_user.substr(at + 1), '\'');
}

std::string quoted_name(std::string_view name) { return quoted(name, '`'); }

std::string grant_for_replica_status(const ServerVersion& version, const std::string& account) {
  std::string privilege = "REPLICATION CLIENT";
  // MariaDB 10.5 split the privilege; until 10.5.9 only the administrator's part let one look.
  if (version.mariadb && version.at_least(10, 5, 9))
    privilege = "SLAVE MONITOR";
  else if (version.mariadb && version.at_least(10, 5, 2))
    privilege = "REPLICATION SLAVE ADMIN";
  return "GRANT " + privilege + " ON *.* TO " + account;
}

std::string grant_for_performance_schema(const std::string& account) {
  return "GRANT SELECT ON performance_schema.* TO " + account;
}

std::string grant_for_table(const std::string& quoted_table, const std::string& account) {
  return "GRANT SELECT ON " + quoted_table + " TO " + account;
}

}  // namespace evenkeel::replication
