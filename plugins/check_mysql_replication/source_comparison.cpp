#include "source_comparison.h"

#include <algorithm>
#include <set>

#include "domain_routes.h"
#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "transactions_behind.h"

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
  const GtidSet own = errant.only({replica.server.server_uuid});
  const GtidSet received = errant.without({replica.server.server_uuid});
  return {source.executed.minus(executed).count(),
          {own.count(), own.str(most_names)},
          {received.count(), received.str(most_names)},
          false,
          replica.server.binary_log,
          {}};
}

bool known_elsewhere(const mysql::Gtid& gtid, const std::vector<const SourceReading*>& others) {
  return std::any_of(others.begin(), others.end(), [&](const SourceReading* other) {
    return other->known.of(gtid.domain, gtid.server) >= gtid.number;
  });
}

// The replica has what is not on the source at all, or beyond what the source has of that server. A
// position stands for all before it, where the source got there by replication.
bool is_errant(const mysql::Gtid& gtid, const SourceReading& source, bool written_here) {
  const std::uint64_t known = source.known.of(gtid.domain, gtid.server);
  if (known >= gtid.number) return false;
  return written_here || known > 0 || gtid.number > source.known.highest(gtid.domain) ||
         !source.received.has_domain(gtid.domain);
}

// One is certain. All numbers since another server's last one are its own where it wrote last.
std::uint64_t errant_of_server(const mysql::Gtid& gtid, const SourceReading& source,
                               const mysql::GtidPosition& replica, bool written_here) {
  std::uint64_t before = replica.highest_of_others(gtid.domain, gtid.server);
  if (before >= gtid.number) return 1;
  before = std::max(before, source.known.of(gtid.domain, gtid.server));
  const std::uint64_t reached = source.known.highest(gtid.domain);
  if (!written_here && reached < gtid.number) before = std::max(before, reached);
  return gtid.number - before;
}

class ErrantServers {
 public:
  void add(const mysql::Gtid& gtid, std::uint64_t count) {
    total_.count += count;
    if (names_++ < most_names) total_.names += (names_ == 1 ? "" : ", ") + gtid.str();
  }
  Errant total() const {
    Errant total = total_;
    if (names_ > most_names) total.names += " and " + std::to_string(names_ - most_names) + " more";
    return total;
  }

 private:
  Errant total_;
  std::size_t names_ = 0;
};

Comparison compare_positions(const ReplicaReading& replica, const ChannelStatus* channel,
                             const SourceReading& source, const std::vector<const SourceReading*>& others) {
  mysql::GtidPosition mine = replica.applied;
  mine.add(replica.written);
  const std::uint32_t own_id = id_from(replica.server.server_id);
  ErrantServers own, received;
  for (const mysql::Gtid& gtid : mine.all()) {
    const bool written_here = gtid.server == own_id;
    const bool elsewhere = !domain_counts(replica, channel, source, gtid.domain) ||
                           comes_through_another(replica, channel, gtid, {});
    if ((!written_here && elsewhere) || known_elsewhere(gtid, others)) continue;
    if (!is_errant(gtid, source, written_here)) continue;
    (written_here ? own : received).add(gtid, errant_of_server(gtid, source, mine, written_here));
  }
  TransactionsBehind behind = transactions_behind(replica, mine, channel, source, others);
  return {behind.count,
          own.total(),
          received.total(),
          true,
          replica.server.binary_log,
          std::move(behind.unknown),
          domains_left_out(replica, channel, source)};
}

std::string why_no_gtids(const SourceReading& source) {
  return source.binary_log ? "it keeps no GTIDs (gtid_mode=" + clean(source.gtid_mode, 40) + ")"
                           : "it keeps no binary log, and so no GTIDs of what it writes";
}

// Whether it follows the replica, and the replica does not follow it.
bool is_downstream(const ReplicaReading& replica, const SourceReading& source) {
  SourceReading itself;
  itself.server_uuid = replica.server.server_uuid;
  itself.server_id = replica.server.server_id;
  const auto leads_to = [](const SourceReading& server) {
    return [&server](const ChannelStatus& channel) { return is_source_of(channel, server); };
  };
  return std::any_of(source.channels.begin(), source.channels.end(), leads_to(itself)) &&
         std::none_of(replica.channels.begin(), replica.channels.end(), leads_to(source));
}

void insist_on_gtids(const ReplicaReading& replica, const SourceReading& source) {
  if (replica.version.mariadb != source.mariadb)
    throw Error(Fault::protocol, "MariaDB's and MySQL's GTIDs cannot be compared");
  const std::string& own_id = source.mariadb ? replica.server.server_id : replica.server.server_uuid;
  if (!own_id.empty() && own_id == (source.mariadb ? source.server_id : source.server_uuid))
    throw Error(Fault::protocol, "that is the replica itself");
  if (is_downstream(replica, source))
    throw Error(Fault::protocol, "that is a replica of this server, not its source");
  if (!source.keeps_gtids) throw Error(Fault::protocol, why_no_gtids(source));
  const std::string& mode = replica.server.gtid_mode;
  if (!mode.empty() && !has_gtids(mode))
    throw Error(Fault::protocol, "the replica keeps no GTIDs (gtid_mode=" + clean(mode, 40) + ")");
}

}  // namespace

bool has_gtids(const std::string& gtid_mode) { return lower(gtid_mode).starts_with("on"); }

Errant both(const Errant& one, const Errant& other) {
  const bool apart = !one.names.empty() && !other.names.empty();
  return {one.count + other.count, one.names + (apart ? ", " : "") + other.names};
}

Comparison compare(const ReplicaReading& replica, const ChannelStatus* channel, const SourceReading& source,
                   const std::vector<const SourceReading*>& others) {
  insist_on_gtids(replica, source);
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

bool knows_its_source(const ChannelStatus& channel) {
  return !channel.source_uuid.empty() ||
         (!channel.source_server_id.empty() && channel.source_server_id != "0");
}

}  // namespace evenkeel::replication
