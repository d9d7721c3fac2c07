// MariaDB: how many transactions a replica lacks, as far as positions tell. A position is the last GTID of a
// domain. It stands for all before it in the binary log it was read from, and says nothing about a
// transaction that this log does not hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source_comparison.h"

namespace evenkeel::replication {

struct TransactionsBehind {
  std::optional<std::uint64_t> count;
  std::string unknown;  // why there is no count
};

// `mine` is all that the replica applied or wrote. Throws Error(Fault::protocol) where channels share a
// domain.
TransactionsBehind transactions_behind(const ReplicaReading& replica, const mysql::GtidPosition& mine,
                                       const ChannelStatus* channel, const SourceReading& source,
                                       const std::vector<const SourceReading*>& others);

// "domain 3, 4": of the source's domains, those that the channel leaves out and no other channel takes.
std::string domains_left_out(const ReplicaReading& replica, const ChannelStatus* channel,
                             const SourceReading& source);

// Whether those who replicate from the source get this transaction, which it received itself. Without
// log_slave_updates, MariaDB's default, they do not.
bool hands_on(const SourceReading& source, const mysql::Gtid& gtid);
bool hands_on_all(const SourceReading& source);

}  // namespace evenkeel::replication
