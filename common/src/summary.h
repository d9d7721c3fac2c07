// Line 1 in words, shared by text and JSON.
#pragma once

#include <string>

#include "evenkeel/report.h"

namespace evenkeel {

struct Summary {
  std::string text;
  bool cut = false;
};

// Long enough to act on, and short enough that with one target's performance data it fits the 1023
// bytes of an NRPE v2 packet.
inline constexpr std::size_t max_summary_bytes = 480;

Summary summarise(const Report& report);

// "db3: SQL thread stopped …", clean.
std::string finding_text(const Finding& finding, std::size_t max_bytes);

}  // namespace evenkeel
