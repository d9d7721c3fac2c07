#include "state_record.h"

#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;

// What a state file holds, torn or made up: the checksum, which no mutation finds, is put right as well.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(text_of(data, size));
  for (const std::string& file : {bytes, bytes + fingerprint(bytes)}) {
    const std::optional<state::Record> record = state::decode(file);
    if (!record) continue;
    expect(record->key.size() <= state::max_key && record->payload.size() <= StateStore::max_payload,
           "bounds");
    const std::optional<state::Record> again = state::decode(state::encode(*record));
    expect(again && again->key == record->key && again->payload == record->payload &&
               state::seconds_between(record->taken, again->taken) == 0,
           "what was read can be written, and is the same");
  }
  return 0;
}
