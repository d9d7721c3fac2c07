// MariaDB's GTID positions, "0-1-100,1-2-7": domain, server id, sequence number. Within a domain the
// numbers rise, and a position stands for all that came before it.
// Source: MariaDB Knowledge Base, "Global Transaction ID".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel::mysql {

struct Gtid {
  std::uint32_t domain = 0;
  std::uint32_t server = 0;
  std::uint64_t number = 0;

  std::string str() const;
  bool operator==(const Gtid&) const = default;
};

class GtidPosition {
 public:
  // gtid_slave_pos, gtid_binlog_pos (one per domain) or gtid_binlog_state (one per domain and server).
  // Throws Error(Fault::protocol) that quotes what is no position.
  static GtidPosition parse(std::string_view text);

  // Of two for the same domain and server, the later one stays.
  void add(const GtidPosition& other);

  bool empty() const { return by_domain_.empty(); }
  std::vector<Gtid> all() const;
  bool has_domain(std::uint32_t domain) const { return by_domain_.contains(domain); }
  std::uint64_t highest(std::uint32_t domain) const;  // 0 where the domain is not there
  std::uint64_t of(std::uint32_t domain, std::uint32_t server) const;
  // The highest number in the domain that is not this server's.
  std::uint64_t highest_of_others(std::uint32_t domain, std::uint32_t server) const;

 private:
  std::map<std::uint32_t, std::map<std::uint32_t, std::uint64_t>> by_domain_;
};

}  // namespace evenkeel::mysql
