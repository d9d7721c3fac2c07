// A fact that was measured. It does not know what anyone thinks of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace evenkeel {

struct Metric {
  std::string name = {};             // "lag"; lower case, with underscores
  std::string target = {};           // the server it was measured on; empty for totals of the run
  std::string part = {};             // a channel, a table, …; empty where the target has no parts
  std::optional<double> value = {};  // no value is no value: never 0
  std::string unit = {};             // "", "s", "%", "B" or "c"
  std::optional<double> min = {};
  std::optional<double> max = {};

  // "db2", "db2/channel" or empty.
  std::string instance() const;
};

// An instance as labels print it, and as thresholds may name it: clean, without "::", which Icinga 2 reads
// as the prefix of a check_multi, and without "=", which ends a label for every parser.
std::string printed_instance(std::string_view instance);

}  // namespace evenkeel
