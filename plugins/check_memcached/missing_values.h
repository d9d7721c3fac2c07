// Why a label has no value, by the statistics that it is made of.
#pragma once

#include <string>

#include "server_statistics.h"

namespace evenkeel::cache {

// "this server does not tell limit_maxbytes", "its bytes 18446744073709551515 cannot be": one reason, the
// first that is known. Empty where the server tells all that the label is made of.
std::string why_not_told(const std::string& label, const ServerStatistics& statistics);

}  // namespace evenkeel::cache
