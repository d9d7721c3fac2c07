#include "evenkeel/parallel.h"

namespace evenkeel {

OptionSpec parallel_option(std::size_t usual) {
  return {.name = "parallel",
          .value = "N",
          .help = "ask at most so many servers at a time",
          .default_text = std::to_string(usual)};
}

std::size_t parallel_from(const Options& options, std::size_t usual) {
  return static_cast<std::size_t>(options.integer("parallel", static_cast<long>(usual), 1, 1000));
}

}  // namespace evenkeel
