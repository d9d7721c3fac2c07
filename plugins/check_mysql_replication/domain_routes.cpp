#include "domain_routes.h"

#include <algorithm>
#include <charconv>

#include "filters.h"

namespace evenkeel::replication {

std::uint32_t id_from(const std::string& text) {
  std::uint32_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id;
}

bool domain_counts(const ReplicaReading& replica, const ChannelStatus* channel, const SourceReading& source,
                   std::uint32_t domain) {
  if (channel != nullptr && !takes(*channel, domain)) return false;
  if (channel != nullptr && !channel->only_domains.empty()) return true;
  return replica.channels.size() == 1 || source.known.has_domain(domain);
}

bool comes_through_another(const ReplicaReading& replica, const ChannelStatus* channel,
                           const mysql::Gtid& gtid, const std::vector<const SourceReading*>& others) {
  const bool is_another_source =
      std::any_of(replica.channels.begin(), replica.channels.end(), [&](const ChannelStatus& other) {
        return &other != channel && id_from(other.source_server_id) == gtid.server &&
               takes(other, gtid.domain);
      });
  return is_another_source || std::any_of(others.begin(), others.end(), [&](const SourceReading* other) {
           return other->known.of(gtid.domain, gtid.server) > 0;
         });
}

}  // namespace evenkeel::replication
