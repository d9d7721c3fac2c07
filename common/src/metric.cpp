#include "evenkeel/metric.h"

#include <algorithm>

#include "evenkeel/text.h"

namespace evenkeel {

std::string Metric::instance() const { return part.empty() ? target : target + "/" + part; }

std::string printed_instance(std::string_view instance) {
  std::string text = clean(instance, 200);
  for (std::size_t i = 0; (i = text.find("::")) != std::string::npos;) text.replace(i, 2, "..");
  std::replace(text.begin(), text.end(), '=', '_');
  return text;
}

}  // namespace evenkeel
