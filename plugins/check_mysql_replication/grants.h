// The GRANT that a server of this family and version wants before it tells what we ask.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::replication {

struct ServerVersion {
  bool mariadb = false;
  int major = 0;
  int minor = 0;
  int patch = 0;

  // "10.11.14-MariaDB-0+deb12u2", "5.5.5-10.3.39-MariaDB", "9.7.0"; numbers that are not there are 0.
  static ServerVersion parse(std::string_view text);
  bool at_least(int wanted_major, int wanted_minor, int wanted_patch) const;
};

// "'monitor'@'%'" from CURRENT_USER()'s monitor@%; the user may hold an @ itself.
std::string quoted_account(std::string_view current_user);
// "`percona`.`heart``beat`"
std::string quoted_name(std::string_view name);

std::string grant_for_replica_status(const ServerVersion& version, const std::string& account);
std::string grant_for_performance_schema(const std::string& account);
std::string grant_for_table(const std::string& quoted_table, const std::string& account);

}  // namespace evenkeel::replication
