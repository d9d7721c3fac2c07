// The words of an ENUM or SET, as information_schema lists them.
#pragma once

#include <string>
#include <vector>

namespace evenkeel::table_sync {

// From a COLUMN_TYPE: enum('a','it''s').
std::vector<std::string> listed_words(const std::string& type);

}  // namespace evenkeel::table_sync
