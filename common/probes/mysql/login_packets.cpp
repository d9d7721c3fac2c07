#include "login_packets.h"

#include <algorithm>

#include "evenkeel/text.h"

namespace evenkeel::mysql {

namespace {

// Enough for the line with which other protocols say who they are.
constexpr std::size_t shown_bytes = 40;

constexpr unsigned char protocol_10 = 10, protocol_9 = 9, error_packet = 0xff, ok_packet = 0;

const char* const no_greeting = "no MySQL server answers there";

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

bool LoginPackets::read(std::string_view bytes) {
  if (first_bytes_.size() < shown_bytes && packets_ <= 1)
    first_bytes_ += bytes.substr(0, shown_bytes - first_bytes_.size());
  while (!bytes.empty() && problem_.empty() && !logged_in_) {
    if (payload_left_ > 0) {
      if (at_payload_start_) begin_payload(static_cast<unsigned char>(bytes.front()));
      at_payload_start_ = false;
      const std::size_t taken = std::min(payload_left_, bytes.size());
      payload_left_ -= taken;
      bytes.remove_prefix(taken);
    } else {
      header_[header_read_++] = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (header_read_ == header_length) begin_packet();
    }
  }
  return makes_sense();
}

void LoginPackets::begin_packet() {
  header_read_ = 0;
  payload_left_ =
      header_[0] | static_cast<std::size_t>(header_[1]) << 8 | static_cast<std::size_t>(header_[2]) << 16;
  at_payload_start_ = true;
  ++packets_;
  const bool greeting = packets_ == 1;
  // An error may come with any number.
  if (greeting && (payload_left_ == 0 || payload_left_ > longest_packet))
    problem_ = no_greeting;
  else if (payload_left_ > longest_packet)
    problem_ = "the server sends more than we will read: a packet of " + std::to_string(payload_left_) +
               " bytes while we log in";
  else if (packets_ > most_packets)
    problem_ = "the server sends more than we will read: more than " + std::to_string(most_packets) +
               " packets, and no end of logging in";
}

void LoginPackets::begin_payload(unsigned char first) {
  const bool greeting = packets_ == 1;
  if (greeting && first != protocol_10 && first != protocol_9 && first != error_packet)
    problem_ = no_greeting;
  else if (!greeting && first == ok_packet)
    logged_in_ = true;
}

std::string LoginPackets::problem() const {
  if (problem_ != no_greeting) return problem_;
  const auto end = std::find_if_not(first_bytes_.begin(), first_bytes_.end(), is_printable);
  const std::string line(first_bytes_.begin(), end);
  constexpr std::size_t telling = 4;
  return line.size() < telling ? problem_
                               : problem_ + ", but what begins with \"" + clean(line, shown_bytes) + "\"";
}

}  // namespace evenkeel::mysql
