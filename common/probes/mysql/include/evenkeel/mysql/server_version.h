// Of which family a server is, and its version.
#pragma once

#include <string_view>

namespace evenkeel::mysql {

struct ServerVersion {
  bool mariadb = false;
  int number = 0;  // 101119 for 10.11.19, 90700 for 9.7.0, 0 where there is none

  // "10.11.14-MariaDB-0+deb12u2", "5.5.5-10.3.39-MariaDB", "9.7.0"
  static ServerVersion parse(std::string_view text);
};

}  // namespace evenkeel::mysql
