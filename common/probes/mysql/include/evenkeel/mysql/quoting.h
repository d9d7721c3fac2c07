// Names written so that SQL reads nothing else into them.
#pragma once

#include <string>
#include <string_view>

namespace evenkeel::mysql {

// `heart``beat`
std::string quoted_name(std::string_view name);
// "'monitor'@'%'" from CURRENT_USER()'s monitor@%; the user may hold an @ itself.
std::string quoted_account(std::string_view current_user);

}  // namespace evenkeel::mysql
