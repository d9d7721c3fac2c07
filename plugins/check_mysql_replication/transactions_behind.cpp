#include "transactions_behind.h"

#include <algorithm>
#include <map>

#include "domain_routes.h"
#include "evenkeel/error.h"
#include "filters.h"

namespace evenkeel::replication {

namespace {

constexpr std::size_t most_domains = 5;

// "domain 0, 4"
std::string domains_text(const std::vector<mysql::Gtid>& gtids) {
  std::string text = "domain ";
  for (std::size_t i = 0; i < gtids.size() && i < most_domains; ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(gtids[i].domain);
  return gtids.size() > most_domains ? text + " and " + std::to_string(gtids.size() - most_domains) + " more"
                                     : text;
}

class Counting {
 public:
  Counting(const ReplicaReading& replica, const mysql::GtidPosition& mine, const ChannelStatus* channel,
           const SourceReading& source, const std::vector<const SourceReading*>& others)
      : replica_(replica), mine_(mine), channel_(channel), source_(source), others_(others) {}

  TransactionsBehind count() {
    for (const mysql::Gtid& gtid : source_.written.all())
      if (lacks(gtid)) count_written(gtid);
    for (const mysql::Gtid& gtid : source_.received.all())
      if (!hands_on(source_, gtid) && lacks(gtid) &&
          !comes_through_another(replica_, channel_, gtid, others_))
        count_received(gtid);
    if (const std::string reason = why_filtered(); !reason.empty()) return {std::nullopt, reason};
    if (!unknown_.empty()) return {std::nullopt, unknown_};
    std::uint64_t sum = 0;
    for (const auto& [domain, number] : missing_) sum += number;
    return {sum, {}};
  }

 private:
  bool lacks(const mysql::Gtid& gtid) const {
    return domain_counts(replica_, channel_, source_, gtid.domain) &&
           mine_.of(gtid.domain, gtid.server) < gtid.number;
  }

  // A position moves on over what a channel leaves out: it does not tell that this is here.
  std::string why_filtered() const {
    if (channel_ == nullptr) return {};
    if (follows_directly() && ignores_server(*channel_, source_.server_id))
      return "the channel ignores what server " + source_.server_id + " writes";
    const std::vector<mysql::Gtid> written = source_.written.all();
    for (const mysql::Gtid& gtid : written)
      if (takes(*channel_, gtid.domain)) return {};
    return written.empty() ? "" : "the channel leaves out " + domains_text(written);
  }

  // The last one in the source's log.
  void count_written(const mysql::Gtid& gtid) {
    insist_on_its_own_position(gtid.domain);
    const std::uint64_t reached = replica_.applied.highest(gtid.domain);
    if (gtid.number > reached)
      add(gtid.domain, gtid.number - reached);
    else if (stands_in_the_log(gtid.domain) && follows_directly())
      add(gtid.domain, 1);
    else
      unknown_ = "the replica's position in domain " + std::to_string(gtid.domain) +
                 " does not tell whether it has " + gtid.str();
  }

  // One that the source applied, and that its log does not hold.
  void count_received(const mysql::Gtid& gtid) {
    const std::uint64_t reached = replica_.applied.highest(gtid.domain);
    if (gtid.number > reached) return add(gtid.domain, gtid.number - reached);
    // Left over from the time before it became a source: a replica that follows it now has been moved here.
    if (source_.follows_nobody && stands_in_the_log(gtid.domain)) return;
    unknown_ =
        "the source does not hand on what it received, and the replica's position does not tell "
        "whether it has " +
        gtid.str();
  }

  // Whether the replica's position is one of the source's own log.
  bool stands_in_the_log(std::uint32_t domain) const {
    const std::vector<mysql::Gtid> applied = replica_.applied.all();
    return std::any_of(applied.begin(), applied.end(), [&](const mysql::Gtid& gtid) {
      return gtid.domain == domain && source_.logged.of(domain, gtid.server) >= gtid.number;
    });
  }

  bool follows_directly() const { return channel_ != nullptr && is_source_of(*channel_, source_); }

  // gtid_slave_pos holds one GTID per domain: channels that share a domain overwrite each other's.
  void insist_on_its_own_position(std::uint32_t domain) const {
    for (const mysql::Gtid& gtid : replica_.applied.all())
      if (gtid.domain == domain && source_.known.of(domain, gtid.server) == 0 &&
          comes_through_another(replica_, channel_, gtid, others_))
        throw Error(Fault::protocol, "channels share domain " + std::to_string(domain));
  }

  // Numbers count up within a domain, whoever writes.
  void add(std::uint32_t domain, std::uint64_t number) {
    std::uint64_t& most = missing_[domain];
    most = std::max(most, number);
  }

  const ReplicaReading& replica_;
  const mysql::GtidPosition& mine_;
  const ChannelStatus* channel_;
  const SourceReading& source_;
  const std::vector<const SourceReading*>& others_;
  std::map<std::uint32_t, std::uint64_t> missing_;
  std::string unknown_;
};

// Whether it comes through another channel.
bool is_taken_by_another(const ReplicaReading& replica, const ChannelStatus* channel, std::uint32_t domain) {
  return std::any_of(replica.channels.begin(), replica.channels.end(),
                     [&](const ChannelStatus& other) { return &other != channel && takes(other, domain); });
}

}  // namespace

std::string domains_left_out(const ReplicaReading& replica, const ChannelStatus* channel,
                             const SourceReading& source) {
  std::vector<mysql::Gtid> left_out = source.written.all();
  std::erase_if(left_out, [&](const mysql::Gtid& gtid) {
    return channel == nullptr || takes(*channel, gtid.domain) ||
           is_taken_by_another(replica, channel, gtid.domain);
  });
  return left_out.empty() ? "" : domains_text(left_out);
}

TransactionsBehind transactions_behind(const ReplicaReading& replica, const mysql::GtidPosition& mine,
                                       const ChannelStatus* channel, const SourceReading& source,
                                       const std::vector<const SourceReading*>& others) {
  return Counting(replica, mine, channel, source, others).count();
}

bool hands_on(const SourceReading& source, const mysql::Gtid& gtid) {
  return source.logs_received || source.logged.of(gtid.domain, gtid.server) >= gtid.number;
}

bool hands_on_all(const SourceReading& source) {
  const std::vector<mysql::Gtid> received = source.received.all();
  return std::all_of(received.begin(), received.end(),
                     [&](const mysql::Gtid& gtid) { return hands_on(source, gtid); });
}

}  // namespace evenkeel::replication
