// A sample as it stands in a file: what was kept, under which key, and when.
//
//   evenkeel-state 1 BOOT-ID SINCE-BOOT-NS WALL-NS KEY-LENGTH PAYLOAD-LENGTH\n
//   KEY PAYLOAD CHECKSUM        (no spaces; the checksum is of all before it)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "evenkeel/state_store.h"

namespace evenkeel::state {

struct Moment {
  std::string boot_id = "-";       // "-" where the kernel does not say
  std::int64_t since_boot_ns = 0;  // a clock that no one sets, suspension included
  std::int64_t wall_ns = 0;
};

Moment now();
// After a reboot only the wall clock is left. Negative: from the future.
double seconds_between(const Moment& then, const Moment& now);

struct Record {
  Moment taken;
  std::string key;
  std::string payload;
};

std::string encode(const Record& record);
// Nothing for what is torn, or breaks the form or a bound.
std::optional<Record> decode(std::string_view bytes);

constexpr std::size_t max_key = 4096;
constexpr std::size_t max_header = 200;
constexpr std::size_t checksum_length = 16;
constexpr std::size_t max_record = max_header + max_key + StateStore::max_payload + checksum_length;

}  // namespace evenkeel::state
