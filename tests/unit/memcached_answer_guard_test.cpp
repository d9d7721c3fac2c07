#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "evenkeel/memcached/answer_guard.h"

using namespace evenkeel;
using namespace evenkeel::memcached;
using namespace std::literals;

namespace {

Deadline later() { return Deadline::after(std::chrono::seconds(60)); }

bool passes(Protocol protocol, std::string_view bytes) {
  AnswerGuard whole(protocol, 1 << 20, later());
  const bool fine = whole.let_in(bytes);
  // However the network cuts it.
  AnswerGuard bytewise(protocol, 1 << 20, later());
  bool each_fine = true;
  for (const char& byte : bytes) each_fine = each_fine && bytewise.let_in({&byte, 1});
  CHECK(each_fine == fine);
  return fine;
}

std::string packet(unsigned opcode, unsigned key, unsigned extras, unsigned status, unsigned body_length,
                   const std::string& body = {}) {
  std::string bytes(24, '\0');
  bytes[0] = '\x81';
  bytes[1] = static_cast<char>(opcode);
  bytes[2] = static_cast<char>(key >> 8);
  bytes[3] = static_cast<char>(key);
  bytes[4] = static_cast<char>(extras);
  bytes[6] = static_cast<char>(status >> 8);
  bytes[7] = static_cast<char>(status);
  for (int i = 0; i < 4; ++i)
    bytes[static_cast<std::size_t>(8 + i)] = static_cast<char>(body_length >> (24 - 8 * i));
  return bytes + (body.empty() ? std::string(body_length, 'x') : body);
}

}  // namespace

TEST_CASE("what memcached says passes") {
  const std::string table[]{
      "STORED\r\n",
      "DELETED\r\n",
      "NOT_FOUND\r\nEND\r\n",
      "VALUE evenkeel-check-1 0 5\r\nabcde\r\nEND\r\n",
      "VALUE k 0 5 77\r\na\r\n\0b\r\nEND\r\n"s,
      "VALUE k 0 0\r\n\r\nEND\r\n",
      "STAT pid 7\r\nSTAT version 1.6.18\r\nSTAT libevent 2.1.12-stable\r\nEND\r\n",
      "STAT inter \r\nEND\r\n",
      "STAT name\r\nEND\r\n",
      "STAT\r\n",
      "STAT \r\n",
      "STAT pid \x1b[2J\r\n",
      "STAT commandargs " + std::string(100'000, 'x') + "\r\nEND\r\n",
      "SERVER_ERROR " + std::string(2000, 'x') + "\r\n",
      "ERROR\r\n",
      "SERVER_ERROR out of memory storing object\r\n",
      "CLIENT_ERROR unauthenticated\r\n",
      "VALUE " + std::string(250, 'k') + " 0 1\r\nx\r\nEND\r\n",
  };
  for (const std::string& bytes : table) {
    INFO(bytes);
    CHECK(passes(Protocol::text, bytes));
  }
}

TEST_CASE("what would hurt the library, or is not memcached, does not pass") {
  const std::string table[]{
      "VERSION\r\n",
      "VERSION 1.6.18\r\n",
      "VALUE " + std::string(251, 'k') + " 0 1\r\nx\r\n",
      "VALUE k 0 99999999999\r\n",
      "VALUE k 0 100000\r\n",
      "VALUE k 0\r\n",
      "VALUE k\r\n",
      "VALUE k x 5\r\n",
      "VALUE k 0 -1\r\n",
      "STAT pid 7\n",
      "STATE " + std::string(5000, 'X'),
      std::string(5000, 'X'),
      "STORED\n",
      "STORED \r\n",
      "HTTP/1.1 400 Bad Request\r\n",
      "SSH-2.0-OpenSSH\r\n",
      "\x15\x03\x01\x00\x02\x02\x46\r\n"s,
      "\r\n",
      "END\r\nnonsense\r\n",
      "12345\r\n",
      "ITEM k [1 b; 0 s]\r\n",
  };
  for (const std::string& bytes : table) {
    INFO(bytes);
    CHECK_FALSE(passes(Protocol::text, bytes));
  }
}

TEST_CASE("the binary protocol") {
  const struct {
    const char* what;
    std::string bytes;
    bool fine;
  } table[]{
      {"stored", packet(0x01, 0, 0, 0, 0), true},
      {"a value", packet(0x00, 0, 4, 0, 36), true},
      {"a statistic and the end", packet(0x10, 3, 0, 0, 5) + packet(0x10, 0, 0, 0, 0), true},
      {"mechanisms", packet(0x20, 0, 0, 0, 5, "PLAIN"), true},
      {"logged in", packet(0x21, 0, 0, 0, 13), true},
      {"refused", packet(0x21, 0, 0, 0x20, 12), true},
      {"not found", packet(0x00, 0, 0, 1, 9, "Not found"), true},
      {"another magic", "\x80" + packet(0x01, 0, 0, 0, 0).substr(1), false},
      {"text", "ERROR\r\n", false},
      {"a key longer than its body", packet(0x10, 300, 0, 0, 10), false},
      {"a key and value longer than the buffer", packet(0x10, 300, 0, 0, 600), false},
      {"a key longer than keys are", packet(0x00, 251, 4, 0, 300), false},
      {"a value without its flags", packet(0x00, 0, 0, 0, 5), false},
      {"a value of gigabytes", packet(0x00, 0, 4, 0, 0xFFFFFFFF, "x"), false},
      {"an error of gigabytes", packet(0x00, 0, 0, 1, 0xFFFFFFFF, "x"), false},
      {"a version of any length", packet(0x0B, 0, 0, 0, 40), true},
      {"a statistic longer than the library's buffer", packet(0x10, 30, 0, 0, 60000), true},
      {"a value that came quietly, and the end", packet(0x0D, 1, 4, 0, 10) + packet(0x0A, 0, 0, 0, 0), true},
      {"a store with a body", packet(0x01, 0, 0, 0, 4), false},
      {"an unknown command", packet(0x55, 0, 0, 0, 0), false},
  };
  for (const auto& row : table) {
    INFO(row.what);
    CHECK(passes(Protocol::binary, row.bytes) == row.fine);
  }
}

TEST_CASE("an answer to another question does not pass") {
  using memcached::Question;
  const struct {
    const char* line;
    std::vector<Question> fits;
  } table[]{
      {"STORED\r\n", {Question::store}},
      {"NOT_STORED\r\n", {Question::store}},
      {"EXISTS\r\n", {Question::store}},
      {"NOT_FOUND\r\n", {Question::store, Question::remove}},
      {"DELETED\r\n", {Question::remove}},
      {"VALUE k 0 1\r\nx\r\n", {Question::fetch}},
      {"END\r\n", {Question::fetch, Question::statistics}},
      {"STAT pid 7\r\n", {Question::statistics}},
      {"VERSION 1.6.18\r\n", {}},
      {"OK\r\n", {}},
      {"TOUCHED\r\n", {}},
      {"ERROR\r\n", {Question::store, Question::fetch, Question::remove, Question::statistics}},
      {"SERVER_ERROR x\r\n", {Question::store, Question::fetch, Question::remove, Question::statistics}},
  };
  for (const auto& row : table)
    for (const Question question :
         {Question::store, Question::fetch, Question::remove, Question::statistics}) {
      INFO(row.line << " for " << static_cast<int>(question));
      AnswerGuard guard(Protocol::text, 1000, later());
      guard.next_answer(question);
      const bool fits = std::find(row.fits.begin(), row.fits.end(), question) != row.fits.end();
      CHECK(guard.let_in(row.line) == fits);
    }
  const struct {
    unsigned opcode;
    Question question;
    bool fits;
  } packets[]{
      {0x01, Question::store, true},  {0x01, Question::fetch, false},     {0x04, Question::remove, true},
      {0x04, Question::store, false}, {0x10, Question::statistics, true}, {0x10, Question::remove, false},
      {0x20, Question::store, true},  {0x0B, Question::statistics, true},
  };
  for (const auto& row : packets) {
    INFO(row.opcode << " for " << static_cast<int>(row.question));
    AnswerGuard guard(Protocol::binary, 1000, later());
    guard.next_answer(row.question);
    CHECK(guard.let_in(packet(row.opcode, 0, 0, 0, 0)) == row.fits);
  }
}

TEST_CASE("size and time are bounded") {
  AnswerGuard guard(Protocol::text, 20, later());
  CHECK(guard.let_in("STAT a 1\r\n"));
  CHECK(guard.let_in("STAT b 2\r\n"));
  CHECK_FALSE(guard.let_in("E"));
  CHECK(guard.verdict() == AnswerGuard::Verdict::too_much);

  AnswerGuard two(Protocol::text, 20, later());
  CHECK(two.let_in("STAT a 12345\r\nEND\r\n"));
  two.next_answer(memcached::Question::any);
  CHECK(two.let_in("STAT a 12345\r\nEND\r\n"));

  AnswerGuard late(Protocol::text, 20, Deadline::after(std::chrono::seconds(-1)));
  CHECK_FALSE(late.let_in("E"));
  CHECK(late.verdict() == AnswerGuard::Verdict::too_late);
  CHECK_FALSE(late.has_answered());  // in time
}

// How much of an endless answer comes before time runs out depends on the machine; the verdict does not.
TEST_CASE("an answer that is still coming when time runs out is too much of one, and a trickle is too late") {
  std::string lines;
  while (lines.size() < 1000) lines += "STAT a 1\r\n";
  for (const std::size_t kilobytes : {1u, 60u, 70u, 500u}) {
    INFO(kilobytes);
    const auto end = std::chrono::milliseconds(1500);
    const auto began = std::chrono::steady_clock::now();
    AnswerGuard guard(Protocol::text, 1u << 20, Deadline::after(end));
    for (std::size_t i = 0; i < kilobytes; ++i) REQUIRE(guard.let_in(lines));
    std::this_thread::sleep_until(began + end * 7 / 8);
    const bool let_in = guard.let_in(lines);
    if (kilobytes < 64 && std::chrono::steady_clock::now() < began + end) CHECK(let_in);
    if (kilobytes > 64) CHECK(guard.verdict() == AnswerGuard::Verdict::too_much);
    CHECK_FALSE(guard.reached_limit());
  }
}

TEST_CASE("of an answer that breaks off its own form, the part that does is kept") {
  AnswerGuard guard(Protocol::text, 1000, later());
  CHECK_FALSE(guard.has_understood());
  CHECK(guard.let_in("STAT uptime 5\r\nSTAT ver"));
  CHECK(guard.has_understood());
  CHECK_FALSE(guard.let_in("sion 1.6.18\r\nENDE\r\n"));
  CHECK(guard.strange() == "ENDE\r");

  AnswerGuard no_cache(Protocol::text, 1000, later());
  CHECK_FALSE(no_cache.let_in("220 mail ESMTP\r\n"));
  CHECK_FALSE(no_cache.has_understood());
  CHECK(no_cache.strange() == "220 mail ESMTP\r");
}

TEST_CASE("what the server said last, and first") {
  AnswerGuard guard(Protocol::text, 1000, later());
  CHECK_FALSE(guard.has_answered());
  guard.let_in("SERVER_ERROR out of memory storing object\r\n");
  CHECK(guard.refusal() == "SERVER_ERROR out of memory storing object");
  CHECK(guard.has_answered());

  AnswerGuard binary(Protocol::binary, 1000, later());
  binary.let_in(packet(0x21, 0, 0, 0x20, 12, "Auth failure"));
  CHECK(binary.refusal() == "Auth failure");

  guard.stop_listening();
  CHECK_FALSE(guard.let_in("END\r\n"));
  CHECK(guard.verdict() == AnswerGuard::Verdict::fine);
}

TEST_CASE("an answer is lost where the connection ends before it does") {
  const std::string stored = "STORED\r\n";
  for (std::size_t cut = 0; cut <= stored.size(); ++cut) {
    INFO(cut);
    AnswerGuard guard(Protocol::text, 1 << 20, later());
    guard.next_answer(Question::store);
    CHECK(guard.let_in(stored.substr(0, cut)));
    guard.note_end();
    CHECK(guard.lost() == (cut < stored.size()));
    // What came of it is no part of what another connection brings.
    guard.next_answer(Question::remove);
    CHECK_FALSE(guard.lost());
    CHECK(guard.let_in("DELETED\r\n"));
  }
}

TEST_CASE("what is a refusal, and of what") {
  constexpr unsigned sasl_list = 0x20, get = 0x0D, remove = 0x04, not_found = 0x01, no_memory = 0x82;
  const auto after = [](unsigned opcode, unsigned status, Question question) {
    AnswerGuard guard(Protocol::binary, 1 << 20, later());
    guard.next_answer(question);
    CHECK(guard.let_in(packet(opcode, 0, 0, status, 4, "no.."s)));
    const std::pair<bool, bool> told{guard.refused(), guard.refused_login()};
    guard.next_answer(question);
    CHECK_FALSE((guard.refused() || guard.refused_login()));
    return told;
  };
  CHECK(after(sasl_list, no_memory, Question::store) == std::pair(true, true));
  CHECK(after(get, no_memory, Question::fetch) == std::pair(true, false));
  CHECK(after(get, not_found, Question::fetch) == std::pair(false, false));
  CHECK(after(remove, not_found, Question::remove) == std::pair(false, false));
  AnswerGuard text(Protocol::text, 1 << 20, later());
  text.next_answer(Question::statistics);
  CHECK(text.let_in("SERVER_ERROR out of memory\r\n"));
  CHECK(text.refused());
}
