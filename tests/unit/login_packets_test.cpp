#include "login_packets.h"

#include <catch2/catch.hpp>
#include <string>

using evenkeel::mysql::LoginPackets;

namespace {

std::string packet(const std::string& payload, int number = 0) {
  const std::size_t length = payload.size();
  return std::string{static_cast<char>(length % 256), static_cast<char>(length / 256 % 256),
                     static_cast<char>(length >> 16), static_cast<char>(number)} +
         payload;
}

const std::string greeting = packet(std::string("\x0a") + "9.7.0" + std::string(70, '\0'));
const std::string switch_packet = packet(
    "\xfe"
    "caching_sha2_password" +
        std::string(22, 'x'),
    2);
const std::string ok = packet(std::string(7, '\0'), 4);
const std::string error = packet("\xff\x10\x04Too many connections");

std::string times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

struct Row {
  std::string name;
  std::string bytes;
  std::string problem;
};

const std::string nobody = "no MySQL server answers there";
const std::string too_much = "the server sends more than we will read: ";

std::vector<Row> rows() {
  return {
      {"nothing", "", ""},
      {"a greeting", greeting, ""},
      {"an error for a greeting", error, ""},
      {"an old greeting",
       packet("\x09"
              "3.20.32"),
       ""},
      {"a login with a switch", greeting + switch_packet + ok, ""},
      {"a key", greeting + packet("\x01\x04", 2) + packet("\x01-----BEGIN" + std::string(800, 'x'), 4) + ok,
       ""},
      {"after the login all goes",
       greeting + ok + times(100, packet("x")) + packet(std::string(100'000, 'y')), ""},
      {"the longest packet", greeting + packet(std::string(64 << 10, 'x')), ""},
      {"SSH", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
       nobody + ", but what begins with \"SSH-2.0-OpenSSH_9.2p1 Debian-2\""},
      {"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n",
       nobody + ", but what begins with \"HTTP/1.1 400 Bad Request\""},
      {"SMTP", "220 mail ESMTP\r\n", nobody + ", but what begins with \"220 mail ESMTP\""},
      {"Redis", "-ERR unknown command", nobody + ", but what begins with \"-ERR unknown command\""},
      {"a pipe", "220 a|b\r\n", nobody + ", but what begins with \"220 a/b\""},
      {"MySQL's X protocol", packet("\x0b\x08\x05\x1a"), nobody},
      {"TLS", std::string("\x15\x03\x01\0\2\2\x16", 7), nobody},
      {"an empty packet", std::string(4, '\0'), nobody},
      {"a huge greeting", "\xff\xff\xff" + std::string("\0\x0a", 2), nobody},
      {"a packet that is too long", greeting + "\xff\xff\xff\2",
       too_much + "a packet of 16777215 bytes while we log in"},
      {"switches without end", greeting + times(25, switch_packet),
       too_much + "more than 20 packets, and no end of logging in"},
      {"empty packets without end", greeting + times(25, packet("")),
       too_much + "more than 20 packets, and no end of logging in"},
  };
}

}  // namespace

TEST_CASE("what a server sends while we log in is judged alike, however it is cut into pieces") {
  for (const Row& row : rows())
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{5},
                                    std::size_t{1000}, row.bytes.size() + 1}) {
      INFO(row.name << " in pieces of " << piece);
      LoginPackets packets;
      bool sense = true;
      for (std::size_t at = 0; at < row.bytes.size(); at += piece)
        sense = packets.read(std::string_view(row.bytes).substr(at, piece));
      CHECK(sense == row.problem.empty());
      CHECK(packets.makes_sense() == row.problem.empty());
      // What there is to show depends on what has come so far.
      CHECK(packets.problem().substr(0, nobody.size()) == row.problem.substr(0, nobody.size()));
      if (piece > row.bytes.size()) CHECK(packets.problem() == row.problem);
    }
}

TEST_CASE("the first byte that no MySQL server sends is enough") {
  for (const std::string& begin :
       {std::string("SSH-"), std::string("HTTP"), std::string(4, '\0'), std::string("\xff\xff\xff\0", 4)}) {
    LoginPackets packets;
    CHECK(packets.read(begin.substr(0, 3)));
    CHECK_FALSE(packets.read(begin.substr(3)));
  }
}
