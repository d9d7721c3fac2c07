#include "evenkeel/memcached/answer_guard.h"
#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;
using memcached::AnswerGuard;
using memcached::Protocol;

namespace {

// In pieces of this size; the verdict must not depend on how the network cuts an answer.
AnswerGuard::Verdict verdict(Protocol protocol, std::string_view bytes, std::size_t piece) {
  AnswerGuard guard(protocol, 4096, Deadline::after(std::chrono::hours(1)));
  while (!bytes.empty() && guard.let_in(bytes.substr(0, piece)))
    bytes.remove_prefix(std::min(piece, bytes.size()));
  expect(guard.strange().size() <= 60, "what is strange is shown in short");
  expect(guard.refusal().size() <= 2000, "a refusal is short");
  return guard.verdict();
}

}  // namespace

// The first byte chooses the protocol, the rest is what a server sends.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4000) return 0;
  const Protocol protocol = data[0] % 2 == 0 ? Protocol::text : Protocol::binary;
  const std::string_view bytes = text_of(data, size).substr(1);
  const AnswerGuard::Verdict whole = verdict(protocol, bytes, bytes.size() + 1);
  expect(verdict(protocol, bytes, 1) == whole, "byte by byte is the same as at once");
  expect(verdict(protocol, bytes, 7) == whole, "in pieces is the same as at once");
  return 0;
}
