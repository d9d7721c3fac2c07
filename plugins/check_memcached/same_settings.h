// --same-settings: servers of one pool run one version with one memory limit.
#pragma once

#include <string>
#include <vector>

#include "judge.h"

namespace evenkeel::cache {

struct Difference {
  std::string target;
  std::string text;  // "version 1.6.9, where most have 1.6.18"
};

// What most of the answering servers have is right; where no value leads, what the first one has.
std::vector<Difference> differences(const std::vector<Target>& targets);
// Those that answer, and cannot be compared.
std::vector<std::string> without_settings(const std::vector<Target>& targets);

}  // namespace evenkeel::cache
