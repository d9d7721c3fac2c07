#include "evenkeel/metric.h"

namespace evenkeel {

std::string Metric::instance() const { return part.empty() ? target : target + "/" + part; }

}  // namespace evenkeel
