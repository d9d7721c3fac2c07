#include "evenkeel/error.h"

#include <cstring>

#include "evenkeel/text.h"

namespace evenkeel {

std::string system_words(int error) {
  const char* text = strerrordesc_np(error);
  return text != nullptr ? text : "error " + std::to_string(error);
}

std::string system_reason(int error) { return lower(system_words(error)); }

Status status_of(Fault fault, Status timeout_state) {
  switch (fault) {
    case Fault::unreachable:
    case Fault::untrusted:
      return Status::critical;
    case Fault::timeout:
      return timeout_state;
    case Fault::usage:
    case Fault::denied:
    case Fault::protocol:
    case Fault::internal:
      break;
  }
  return Status::unknown;
}

}  // namespace evenkeel
