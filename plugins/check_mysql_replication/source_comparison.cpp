#include "source_comparison.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

constexpr std::size_t most_names = 3;

// MySQL: which servers' transactions count for a channel. All of them where there is but one channel.
std::set<std::string> uuids_that_count(const ReplicaReading& replica, const ChannelStatus* channel,
                                       const SourceReading& source, const GtidSet& executed) {
  if (replica.channels.size() == 1) return executed.uuids();
  std::set<std::string> uuids = source.executed.uuids();
  uuids.insert(source.server_uuid);
  for (const ChannelStatus& other : replica.channels)
    if (&other != channel && lower(other.source_uuid) != source.server_uuid)
      uuids.erase(lower(other.source_uuid));
  // What the replica wrote itself is errant whichever source one asks.
  uuids.insert(replica.server.server_uuid);
  return uuids;
}

GtidSet came_from_elsewhere(const ReplicaReading& replica, const ChannelStatus* channel,
                            const std::vector<const SourceReading*>& others) {
  GtidSet elsewhere;
  for (const SourceReading* other : others) elsewhere.add(other->executed);
  for (const ChannelStatus& other : replica.channels)
    if (&other != channel) elsewhere.add(GtidSet::parse(other.retrieved_gtid_set));
  return elsewhere;
}

Comparison compare_sets(const ReplicaReading& replica, const ChannelStatus* channel,
                        const SourceReading& source, const std::vector<const SourceReading*>& others) {
  const GtidSet executed = GtidSet::parse(replica.channels.front().executed_gtid_set);
  const GtidSet errant = executed.minus(source.executed)
                             .only(uuids_that_count(replica, channel, source, executed))
                             .minus(came_from_elsewhere(replica, channel, others));
  return {source.executed.minus(executed).count(), errant.count(), errant.str(most_names)};
}

bool counts(const std::vector<std::string>& list, std::uint32_t domain) {
  return std::find(list.begin(), list.end(), std::to_string(domain)) != list.end();
}

// MariaDB: whether a domain comes through this channel.
bool domain_counts(const ReplicaReading& replica, const ChannelStatus* channel, const SourceReading& source,
                   std::uint32_t domain) {
  if (channel != nullptr) {
    if (counts(channel->ignored_domains, domain)) return false;
    if (!channel->only_domains.empty()) return counts(channel->only_domains, domain);
  }
  return replica.channels.size() == 1 || source.known.has_domain(domain);
}

bool known_elsewhere(const Gtid& gtid, const std::vector<const SourceReading*>& others) {
  return std::any_of(others.begin(), others.end(), [&](const SourceReading* other) {
    return other->known.of(gtid.domain, gtid.server) >= gtid.number;
  });
}

std::uint32_t id_from(const std::string& text) {
  std::uint32_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id;
}

// 0 where the source has it. A position stands for all before it, so only what lies beyond the
// source's, or was written here, is errant.
std::uint64_t errant_up_to(const Gtid& gtid, const SourceReading& source, const GtidPosition& replica,
                           bool written_here) {
  if (source.known.of(gtid.domain, gtid.server) >= gtid.number) return 0;
  const std::uint64_t reached = source.known.highest(gtid.domain);
  if (!written_here) return gtid.number > reached ? gtid.number - reached : 0;
  const std::uint64_t before =
      std::max(replica.highest_below(gtid.domain, gtid.number), source.known.of(gtid.domain, gtid.server));
  return gtid.number - before;
}

std::uint64_t behind_of(const ReplicaReading& replica, const ChannelStatus* channel,
                        const SourceReading& source) {
  std::uint64_t behind = 0;
  for (const Gtid& gtid : source.written.all()) {
    if (!domain_counts(replica, channel, source, gtid.domain)) continue;
    const std::uint64_t reached = replica.applied.highest(gtid.domain);
    if (gtid.number > reached) behind += gtid.number - reached;
  }
  return behind;
}

Comparison compare_positions(const ReplicaReading& replica, const ChannelStatus* channel,
                             const SourceReading& source, const std::vector<const SourceReading*>& others) {
  Comparison result;
  result.behind = behind_of(replica, channel, source);
  GtidPosition mine = replica.applied;
  mine.add(replica.written);
  const std::uint32_t own_id = id_from(replica.server.server_id);
  std::size_t names = 0;
  for (const Gtid& gtid : mine.all()) {
    const bool written_here = gtid.server == own_id;
    if (!written_here && !domain_counts(replica, channel, source, gtid.domain)) continue;
    const std::uint64_t count =
        known_elsewhere(gtid, others) ? 0 : errant_up_to(gtid, source, mine, written_here);
    if (count == 0) continue;
    result.errant += count;
    if (names++ < most_names) result.errant_names += (names == 1 ? "" : ", ") + gtid.str();
  }
  if (names > most_names) result.errant_names += " and " + std::to_string(names - most_names) + " more";
  return result;
}

}  // namespace

Comparison compare(const ReplicaReading& replica, const ChannelStatus* channel, const SourceReading& source,
                   const std::vector<const SourceReading*>& others) {
  if (replica.version.mariadb != source.mariadb)
    throw Error(Fault::protocol, "MariaDB's and MySQL's GTIDs cannot be compared");
  if (!source.keeps_gtids)
    throw Error(Fault::protocol,
                source.mariadb ? "it keeps no binary log, and so no GTIDs" : "it keeps no GTIDs (gtid_mode)");
  return source.mariadb ? compare_positions(replica, channel, source, others)
                        : compare_sets(replica, channel, source, others);
}

const ChannelStatus* channel_of(const ReplicaReading& replica, const SourceReading& source) {
  if (replica.channels.size() == 1) return &replica.channels.front();
  for (const ChannelStatus& channel : replica.channels)
    if (is_source_of(channel, source)) return &channel;
  return nullptr;
}

bool is_source_of(const ChannelStatus& channel, const SourceReading& source) {
  if (!channel.source_uuid.empty()) return lower(channel.source_uuid) == source.server_uuid;
  return channel.source_server_id == source.server_id;
}

}  // namespace evenkeel::replication
