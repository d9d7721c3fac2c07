#include "evenkeel/mysql/grants.h"

#include <catch2/catch.hpp>

#include "evenkeel/mysql/quoting.h"

using namespace evenkeel::mysql;

TEST_CASE("the GRANT is that of the family and version") {
  const auto [version, privilege] = GENERATE(table<std::string, std::string>({
      {"9.7.0", "REPLICATION CLIENT"},
      {"8.0.36", "REPLICATION CLIENT"},
      {"5.7.44-log", "REPLICATION CLIENT"},
      {"5.5.5-10.3.39-MariaDB-0+deb10u2", "REPLICATION CLIENT"},
      {"10.4.32-MariaDB", "REPLICATION CLIENT"},
      {"10.5.1-MariaDB", "REPLICATION CLIENT"},
      {"10.5.8-MariaDB", "REPLICATION SLAVE ADMIN"},
      {"10.5.9-MariaDB", "SLAVE MONITOR"},
      {"5.5.5-10.6.16-MariaDB", "SLAVE MONITOR"},
      {"10.11.14-MariaDB-0+deb12u2", "SLAVE MONITOR"},
      {"11.8.2-MariaDB", "SLAVE MONITOR"},
      {"", "REPLICATION CLIENT"},
  }));
  CAPTURE(version);
  CHECK(grant_for_replica_status(ServerVersion::parse(version), "'m'@'%'") ==
        "GRANT " + privilege + " ON *.* TO 'm'@'%'");
}

TEST_CASE("a version is a number, whatever the server calls itself") {
  const auto [text, mariadb, number] = GENERATE(table<std::string, bool, int>({
      {"10.11.14-MariaDB-0+deb12u2", true, 101114},
      {"5.5.5-10.3.39-MariaDB", true, 100339},
      {"5.5.5-log", false, 50505},
      {"9.7.0", false, 90700},
      {"8.0", false, 80000},
      {"8.0.123", false, 80099},
      {"10.-5-MariaDB", true, 100000},
      {"99999999999.1", false, 0},
      {"strange", false, 0},
  }));
  CAPTURE(text);
  const ServerVersion version = ServerVersion::parse(text);
  CHECK(version.mariadb == mariadb);
  CHECK(version.number == number);
}

TEST_CASE("accounts and names are quoted") {
  const auto [text, quoted] = GENERATE(table<std::string, std::string>({
      {"monitor@%", "'monitor'@'%'"},
      {"o'brien@10.0.0.%", "'o''brien'@'10.0.0.%'"},
      {"me@home@localhost", "'me@home'@'localhost'"},
      {"@localhost", "''@'localhost'"},
  }));
  CHECK(quoted_account(text) == quoted);
  CHECK(quoted_name("heart`beat") == "`heart``beat`");
}
