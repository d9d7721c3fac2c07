#include "filters.h"

#include <algorithm>
#include <vector>

#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "gtid_set.h"

namespace evenkeel::replication {

namespace {

constexpr std::size_t most_shown = 3;
constexpr std::size_t most_of_a_value = 60;

bool is_listed(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Nothing where the server's text is no position: this is no reason to give up the rest of the answer.
std::vector<mysql::Gtid> gtids_from(const std::string& text) {
  try {
    return mysql::GtidPosition::parse(text).all();
  } catch (const Error&) {
    return {};
  }
}

bool is_source_of_another(const ReplicaReading& reading, const ChannelStatus& channel,
                          const std::string& server_id) {
  return std::any_of(reading.channels.begin(), reading.channels.end(), [&](const ChannelStatus& other) {
    return &other != &channel && other.source_server_id == server_id;
  });
}

// MariaDB's position holds the last transaction of each domain that came, left out or not; at first, also
// those that came through other channels.
bool something_gets_through(const ReplicaReading& reading, const ChannelStatus& channel) {
  const std::vector<mysql::Gtid> came = gtids_from(channel.received_position);
  return std::any_of(came.begin(), came.end(), [&](const mysql::Gtid& gtid) {
    const std::string server = std::to_string(gtid.server);
    return takes(channel, gtid.domain) && !ignores_server(channel, server) &&
           server != reading.server.server_id && !is_source_of_another(reading, channel, server);
  });
}

bool all_of_its_domains_are_left_out(const ChannelStatus& channel) {
  bool some = false;
  for (const mysql::Gtid& gtid : gtids_from(channel.received_position)) {
    if (std::to_string(gtid.server) != channel.source_server_id) continue;
    if (takes(channel, gtid.domain)) return false;
    some = true;
  }
  return some;
}

// MySQL: a transaction that another server wrote has come.
bool others_were_retrieved(const ChannelStatus& channel) {
  try {
    const auto uuids = GtidSet::parse(channel.retrieved_gtid_set).uuids();
    return std::any_of(uuids.begin(), uuids.end(),
                       [&](const std::string& uuid) { return uuid != lower(channel.source_uuid); });
  } catch (const Error&) {
    return false;
  }
}

std::string shown(const ChannelStatus::Filter& filter) {
  return filter.option + "=" + clean(filter.value, most_of_a_value);
}

}  // namespace

std::string filters_text(const ChannelStatus& channel) {
  std::string text;
  for (std::size_t i = 0; i < channel.filters.size() && i < most_shown; ++i)
    text += (i == 0 ? "" : ", ") + shown(channel.filters[i]);
  if (channel.filters.size() > most_shown)
    text += " and " + std::to_string(channel.filters.size() - most_shown) + " more";
  return text;
}

std::optional<std::string> filter_of_all(const ReplicaReading& reading, const ChannelStatus& channel) {
  const bool ignored = ignores_server(channel, channel.source_server_id);
  const bool left_out = all_of_its_domains_are_left_out(channel);
  if (!ignored && !left_out) return std::nullopt;
  if (something_gets_through(reading, channel) || others_were_retrieved(channel)) return std::nullopt;
  for (const ChannelStatus::Filter& filter : channel.filters)
    if (filter.option == (ignored ? "replicate_ignore_server_ids" : "replicate_ignore_domain_ids") ||
        (!ignored && filter.option == "replicate_do_domain_ids"))
      return shown(filter);
  return std::nullopt;
}

bool ignores_server(const ChannelStatus& channel, const std::string& server_id) {
  return is_listed(channel.ignored_servers, server_id);
}

bool takes(const ChannelStatus& channel, std::uint32_t domain) {
  if (is_listed(channel.ignored_domains, std::to_string(domain))) return false;
  return channel.only_domains.empty() || is_listed(channel.only_domains, std::to_string(domain));
}

}  // namespace evenkeel::replication
