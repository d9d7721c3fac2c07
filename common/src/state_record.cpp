#include "state_record.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "evenkeel/text.h"
#include "file_descriptor.h"

namespace evenkeel {
namespace {

// FNV-1a, 64 bits. It tells files apart and notices torn ones; against forgery stands the folder's mode.
std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3u;
  }
  return hash;
}

std::string hex(std::uint64_t value) {
  std::string digits(state::checksum_length, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value >>= 4)
    *digit = "0123456789abcdef"[value & 15];
  return digits;
}

}  // namespace

std::string fingerprint(std::string_view text) { return hex(fnv1a(text)); }

namespace state {
namespace {

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::string read_boot_id() {
  const FileDescriptor file(open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  std::array<char, 36> id{};  // a UUID
  if (!file || read(file.get(), id.data(), id.size()) != static_cast<ssize_t>(id.size())) return "-";
  const std::string text(id.data(), id.size());
  return text.find_first_of(" \n") == std::string::npos ? text : "-";
}

template <class Number>
bool read_number(std::string_view& header, Number& number) {
  const std::optional<Number> read = parse_integer<Number>(take_until(header, ' '));
  number = read.value_or(0);
  return read.has_value();
}

}  // namespace

Moment now() {
  static const std::string boot_id = read_boot_id();
  return {boot_id, clock_ns(CLOCK_BOOTTIME), clock_ns(CLOCK_REALTIME)};
}

double seconds_between(const Moment& then, const Moment& now) {
  const bool same_boot = then.boot_id == now.boot_id && now.boot_id != "-";
  const double nanoseconds =
      same_boot ? static_cast<double>(now.since_boot_ns) - static_cast<double>(then.since_boot_ns)
                : static_cast<double>(now.wall_ns) - static_cast<double>(then.wall_ns);
  return nanoseconds / 1e9;
}

std::string encode(const Record& record) {
  std::string bytes = "evenkeel-state 1 " + record.taken.boot_id + ' ' +
                      std::to_string(record.taken.since_boot_ns) + ' ' +
                      std::to_string(record.taken.wall_ns) + ' ' + std::to_string(record.key.size()) + ' ' +
                      std::to_string(record.payload.size()) + '\n';
  bytes += record.key;
  bytes += record.payload;
  bytes += fingerprint(bytes);
  return bytes;
}

std::optional<Record> decode(std::string_view bytes) {
  if (bytes.size() < checksum_length) return {};
  const std::string_view body = bytes.substr(0, bytes.size() - checksum_length);
  if (bytes.substr(body.size()) != fingerprint(body)) return {};

  const std::size_t newline = body.substr(0, max_header).find('\n');
  if (newline == std::string_view::npos) return {};
  std::string_view header = body.substr(0, newline);
  const std::string_view content = body.substr(newline + 1);
  if (take_until(header, ' ') != "evenkeel-state" || take_until(header, ' ') != "1") return {};

  Record record;
  record.taken.boot_id = take_until(header, ' ');
  std::size_t key_length = 0;
  std::size_t payload_length = 0;
  if (!read_number(header, record.taken.since_boot_ns) || !read_number(header, record.taken.wall_ns) ||
      !read_number(header, key_length) || !read_number(header, payload_length) || !header.empty() ||
      key_length > max_key || payload_length > StateStore::max_payload ||
      content.size() != key_length + payload_length)
    return {};
  record.key = content.substr(0, key_length);
  record.payload = content.substr(key_length);
  return record;
}

}  // namespace state
}  // namespace evenkeel
