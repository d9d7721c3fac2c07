// Looks at what a server sends while we log in, packet by packet. A packet's header says at once whether it
// can be a MySQL server's; to wait for the rest of it would leave the verdict to the speed of the machine.
// Protocol: MySQL Source Code Documentation, "Connection Phase".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace evenkeel::mysql {

class LoginPackets {
 public:
  // False from the first byte on that no MySQL server sends.
  bool read(std::string_view bytes);

  bool makes_sense() const { return problem_.empty(); }
  // What was wrong, for people; of all that has arrived so far.
  std::string problem() const;

  // Logging in takes up to six; a module that asks several questions a few more.
  static constexpr std::size_t most_packets = 20;
  // The longest is a certificate or an RSA key.
  static constexpr std::size_t longest_packet = 64u << 10;

 private:
  void begin_packet();
  void begin_payload(unsigned char first);

  static constexpr std::size_t header_length = 4;
  std::size_t header_read_ = 0;
  unsigned char header_[header_length] = {};
  std::size_t payload_left_ = 0;
  bool at_payload_start_ = false;
  std::size_t packets_ = 0;
  bool logged_in_ = false;
  std::string first_bytes_;
  std::string problem_;
};

}  // namespace evenkeel::mysql
