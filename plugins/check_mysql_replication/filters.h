// What a channel leaves out of what its source writes: replicate_do_db and its like, and the servers and
// domains that it ignores. The server calls a channel in sync whatever its filters leave out.
#pragma once

#include <optional>
#include <string>

#include "replica_reading.h"

namespace evenkeel::replication {

// "replicate_do_db=shop, replicate_ignore_table=shop.log"; empty without filters. Bounded.
std::string filters_text(const ChannelStatus& channel);

// Where nothing that the source writes gets through, and nothing that came from another server shows that
// the channel is meant for that one: which filter it is.
std::optional<std::string> filter_of_all(const ReplicaReading& reading, const ChannelStatus& channel);

bool ignores_server(const ChannelStatus& channel, const std::string& server_id);
// Whether the channel lets this MariaDB domain through.
bool takes(const ChannelStatus& channel, std::uint32_t domain);

}  // namespace evenkeel::replication
