// A connection to one memcached, as plain values and typed errors; the seam where test doubles go.
// Nothing here knows which client library is behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "evenkeel/auth_file.h"
#include "evenkeel/deadline.h"
#include "evenkeel/error.h"
#include "evenkeel/trace.h"

namespace evenkeel::memcached {

// Where, and as whom. `socket` beats host and port.
struct Server {
  std::string name;  // how reports call the target
  std::string host;
  std::uint16_t port = 11211;
  std::string socket;
  std::optional<Credentials> credentials;  // SASL, over the binary protocol

  std::string where() const;  // "cache1:11211", "[::1]:11211" or "/run/memcached.sock"
};

// The server understood, and said no: "SERVER_ERROR out of memory storing object".
class Refusal : public Error {
 public:
  using Error::Error;
};

// Sends more than we will read.
class Flood : public Error {
 public:
  using Error::Error;
};

struct Item {
  std::string value;
  bool key_is_ours = true;  // false: it came under another key, or something else came beside it
};

using Stats = std::map<std::string, std::string, std::less<>>;

// Every call throws Error with its step in the text: "connecting to cache1:11211: connection refused".
class MemcachedClient {
 public:
  virtual ~MemcachedClient() = default;
  virtual void set(const std::string& key, const std::string& value, int seconds_to_live) = 0;
  virtual std::optional<Item> get(const std::string& key) = 0;
  virtual bool remove(const std::string& key) = 0;  // false: it was not there
  // `what` is empty, "items", "slabs" or "settings". Never more than `max_answer_bytes`, and of them only
  // those that are wanted: a server tells of ninety things.
  using IsWanted = bool (*)(std::string_view name);
  virtual Stats stats(const std::string& what, IsWanted is_wanted) = 0;
  // Whether anything was sent: a server that hangs does what it was asked later.
  virtual bool has_asked() const = 0;

  static constexpr std::size_t max_answer_bytes = 1u << 20;
  static constexpr std::size_t max_value_bytes = 4096;
};

class MemcachedConnector {
 public:
  virtual ~MemcachedConnector() = default;
  // Connects with the first call.
  virtual std::unique_ptr<MemcachedClient> client_of(const Server& server, const Deadline& deadline,
                                                     Trace& trace) = 0;
};

// libmemcached.
std::shared_ptr<MemcachedConnector> make_connector();

}  // namespace evenkeel::memcached
