// MariaDB: which transactions of a domain reach a replica through which of its channels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "source_comparison.h"

namespace evenkeel::replication {

std::uint32_t id_from(const std::string& text);  // 0 where it is no number

// Whether the domain comes through this channel.
bool domain_counts(const ReplicaReading& replica, const ChannelStatus* channel, const SourceReading& source,
                   std::uint32_t domain);

// Whether this server's transactions of the domain come through another channel.
bool comes_through_another(const ReplicaReading& replica, const ChannelStatus* channel,
                           const mysql::Gtid& gtid, const std::vector<const SourceReading*>& others);

}  // namespace evenkeel::replication
