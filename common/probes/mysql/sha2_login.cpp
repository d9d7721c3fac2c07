#include "sha2_login.h"

#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <string>

#include "client_library.h"
#include "evenkeel/error.h"
#include "rsa_password.h"
#include "tls_verification.h"

namespace evenkeel::mysql {

namespace {

thread_local PasswordGuard* current = nullptr;

// The client plugin API of libmariadb 3, as mysql/client_plugin.h and mysql/plugin_auth.h have it. That
// header cannot be included: it includes one that Debian does not ship.
struct Connection;

struct ChannelInfo {
  int protocol;
  int socket;
};
constexpr int protocol_socket = 2;

struct Channel {
  int (*read_packet)(Channel* channel, unsigned char** packet);
  // libmariadb 3.3 takes the length as an int, 3.4 as a size_t.
  int (*write_packet)(Channel* channel, const unsigned char* packet, std::size_t length);
  void (*info)(Channel* channel, ChannelInfo* info);
};

struct AuthPlugin {
  int type;
  unsigned interface_version;
  const char* name;
  const char* author;
  const char* description;
  unsigned version[3];
  const char* license;
  void* api;
  int (*init)(char* error, std::size_t size, int count, va_list arguments);
  int (*deinit)();
  int (*options)(const char* option, const void* value);
  int (*authenticate)(Channel* channel, Connection* connection);
  // Of interface version 0x0101, in libmariadb 3.4.
  int (*hash_password)(Connection* connection, unsigned char* hash, std::size_t* length);
};

constexpr int authentication = 2;
constexpr unsigned interface_version = 0x0101;

// What a plugin returns.
constexpr int failed = 0;               // the connection's own error says why
constexpr int bad_handshake = 2012;     // CR_SERVER_HANDSHAKE_ERR
constexpr int malformed_packet = 2027;  // CR_MALFORMED_PACKET
constexpr int done = -1;
constexpr int done_and_answer_read = -2;

using Hash = unsigned char* (*)(const unsigned char* data, std::size_t length, unsigned char* digest);
Hash sha256 = nullptr;

constexpr std::size_t nonce_length = 20;
constexpr std::size_t digest_length = 32;
using Digest = std::array<unsigned char, digest_length>;

constexpr unsigned char fast_path_done = 3, full_exchange = 4;

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool send(Channel* channel, const unsigned char* data, std::size_t length) {
  return channel->write_packet(channel, data, length) == 0;
}

// SHA256(password) XOR SHA256(SHA256(SHA256(password)), nonce)
Digest scramble_of(const std::string& password, const unsigned char* nonce) {
  Digest once{};
  Digest mask{};
  std::array<unsigned char, digest_length + nonce_length> salted{};
  sha256(bytes_of(password), password.size(), once.data());
  sha256(once.data(), once.size(), salted.data());
  for (std::size_t i = 0; i < nonce_length; ++i) salted[digest_length + i] = nonce[i];
  sha256(salted.data(), salted.size(), mask.data());
  for (std::size_t i = 0; i < digest_length; ++i) mask[i] ^= once[i];
  return mask;
}

bool on_socket(Channel* channel) {
  ChannelInfo info{};
  channel->info(channel, &info);
  return info.protocol == protocol_socket;
}

int hand_over_password(Channel* channel) {
  if (current == nullptr || !current->trusted_channel()) {
    if (current != nullptr) current->refuse();
    return failed;
  }
  // With the NUL at its end, as the servers want it.
  return send(channel, bytes_of(current->password()), current->password().size() + 1) ? done : failed;
}

// The nonce that the server sends first; nullptr with a reason in `result`.
const unsigned char* read_nonce(Channel* channel, int& result) {
  unsigned char* packet = nullptr;
  const int length = channel->read_packet(channel, &packet);
  result = length < 0 ? failed : bad_handshake;
  return length == static_cast<int>(nonce_length) + 1 ? packet : nullptr;
}

int log_in_caching_sha2(Channel* channel, Connection*) {
  int result = failed;
  const unsigned char* const nonce = read_nonce(channel, result);
  if (nonce == nullptr) return result;
  if (current == nullptr || current->password().empty()) return send(channel, nullptr, 0) ? done : failed;

  // TLS is up once this has been sent, where there is to be any.
  const Digest scramble = scramble_of(current->password(), nonce);
  if (!send(channel, scramble.data(), scramble.size())) return failed;
  unsigned char* packet = nullptr;
  const int length = channel->read_packet(channel, &packet);
  if (length < 0) return failed;
  if (length > 0 && packet[0] == 0) return done_and_answer_read;
  if (length != 1) return malformed_packet;
  if (packet[0] == fast_path_done) return done;
  if (packet[0] != full_exchange) return malformed_packet;
  current->note_scramble();
  // What was asked for is looked at once more: it must be what there is.
  if (current->trusted_channel() && !on_socket(channel) && !tls_was_verified()) {
    current->refuse();
    return failed;
  }
  return hand_over_password(channel);
}

// On a socket, where this plugin wants the password encrypted all the same.
int hand_over_encrypted_password(Channel* channel, const std::string& nonce) {
  constexpr unsigned char request_key = 1;
  unsigned char* key = nullptr;
  if (!send(channel, &request_key, 1)) return failed;
  const int length = channel->read_packet(channel, &key);
  if (length < 0) return failed;
  const std::string answer = encrypted_password(
      current->password(), nonce, {reinterpret_cast<const char*>(key), static_cast<std::size_t>(length)});
  if (answer.empty()) return malformed_packet;
  return send(channel, bytes_of(answer), answer.size()) ? done : failed;
}

// It has no fast path. The first packet may go out before TLS is up; where TLS has to be verified, libmariadb
// sends nothing before it is.
int log_in_sha256(Channel* channel, Connection*) {
  int result = failed;
  const unsigned char* const packet = read_nonce(channel, result);
  if (packet == nullptr) return result;
  const std::string nonce(reinterpret_cast<const char*>(packet), nonce_length);
  if (current == nullptr || current->password().empty()) return send(channel, nullptr, 0) ? done : failed;
  if (current->trusted_channel() && on_socket(channel)) return hand_over_encrypted_password(channel, nonce);
  return hand_over_password(channel);
}

AuthPlugin plugin(const char* name, int (*log_in)(Channel*, Connection*)) {
  return {.type = authentication,
          .interface_version = interface_version,
          .name = name,
          .author = "evenkeel",
          .description = "hands over the password on trusted channels only",
          .version = {0, 1, 0},
          .license = "GPL",
          .api = nullptr,
          .init = nullptr,
          .deinit = nullptr,
          .options = nullptr,
          .authenticate = log_in,
          .hash_password = nullptr};
}

// libmariadb keeps their addresses.
AuthPlugin caching_sha2 = plugin("caching_sha2_password", log_in_caching_sha2);
AuthPlugin plain_sha256 = plugin("sha256_password", log_in_sha256);

void register_plugins() {
  const auto init = client_library_function<Connection* (*)(Connection*)>("mysql_init");
  const auto close = client_library_function<void (*)(Connection*)>("mysql_close");
  const auto add =
      client_library_function<void* (*)(Connection*, AuthPlugin*)>("mysql_client_register_plugin");
  sha256 = client_library_function<Hash>("SHA256");
  // It loads other people's plugins, of the same names, before ours.
  unsetenv("LIBMYSQL_PLUGINS");
  Connection* const scratch = init(nullptr);
  bool added = scratch != nullptr;
  for (AuthPlugin* mine : {&caching_sha2, &plain_sha256}) added = added && add(scratch, mine) != nullptr;
  if (scratch != nullptr) close(scratch);
  if (!added)
    throw Error(Fault::internal,
                "the MySQL client library does not take our caching_sha2_password; with its own, passwords "
                "are not safe");
}

}  // namespace

PasswordGuard::PasswordGuard(const std::string& password, bool trusted_channel)
    : password_(password), trusted_channel_(trusted_channel) {
  current = this;
}

PasswordGuard::~PasswordGuard() { current = nullptr; }

void PasswordGuard::install() {
  static std::once_flag once;
  std::call_once(once, register_plugins);
}

}  // namespace evenkeel::mysql
