#include "evenkeel/error.h"

namespace evenkeel {

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
