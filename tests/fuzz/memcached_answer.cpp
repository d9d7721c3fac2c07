#include <algorithm>
#include <array>

#include "evenkeel/memcached/answer_guard.h"
#include "expect.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;
using memcached::AnswerGuard;
using memcached::Protocol;
using memcached::Question;

namespace {

constexpr std::array questions{Question::any, Question::store, Question::fetch, Question::remove,
                               Question::statistics};

// What becomes of an answer.
struct Outcome {
  AnswerGuard::Verdict verdict;
  std::string passed;  // to the library, and the statistics
  std::string refusal, strange;
  bool operator==(const Outcome&) const = default;
};

// In pieces of this size; nothing must depend on how the network cuts an answer.
Outcome outcome(Protocol protocol, Question question, std::string_view bytes, std::size_t piece) {
  AnswerGuard guard(protocol, 4096, Deadline::after(std::chrono::hours(1)));
  std::string passed;
  guard.next_answer(question, [&](std::string_view name, std::string_view value) {
    passed.append("\nstatistic ").append(name).append(" ").append(value).append("\n");
  });
  std::array<char, 64> buffer{};
  bool goes_on = true;
  for (; !bytes.empty() && goes_on; bytes.remove_prefix(std::min(piece, bytes.size())))
    goes_on = guard.let_in(bytes.substr(0, piece));
  while (guard.wants_more_that_is_strange() && !bytes.empty()) {
    guard.add_to_strange(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  for (std::size_t taken = 1; taken > 0; passed.append(buffer.data(), taken))
    taken = guard.take(buffer.data(), buffer.size());
  expect(guard.strange().size() <= 60, "what is strange is shown in short");
  expect(guard.refusal().size() <= 2000, "a refusal is short");
  return {guard.verdict(), guard.verdict() == AnswerGuard::Verdict::fine ? passed : "", guard.refusal(),
          guard.strange()};
}

}  // namespace

// The first byte chooses the protocol, the rest is what a server sends.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4000) return 0;
  const Protocol protocol = data[0] % 2 == 0 ? Protocol::text : Protocol::binary;
  const std::string_view bytes = text_of(data, size).substr(1);
  for (const Question question : questions) {
    const Outcome whole = outcome(protocol, question, bytes, bytes.size() + 1);
    expect(outcome(protocol, question, bytes, 1) == whole, "byte by byte is the same as at once");
    expect(outcome(protocol, question, bytes, 7) == whole, "in pieces is the same as at once");
  }
  return 0;
}
