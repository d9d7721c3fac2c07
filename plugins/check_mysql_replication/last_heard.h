// How long nothing has come from the source, neither event nor heartbeat. A source that froze leaves
// lag at 0 until the network time-out; only silence tells.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "channel_status.h"
#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::replication {

struct LastHeard {
  std::optional<double> seconds;  // nothing where it is not known: never 0 for that
  std::optional<double> period;   // a heartbeat is due after so many seconds without an event
};

using LastHeardByChannel = std::map<std::string, LastHeard>;

// MySQL keeps the times itself, by the server's own clock. 5.7 has no times of transactions: there,
// and in the middle of a transaction, counters stand in (fill_counters).
std::string last_heard_query();
std::string counters_query();
LastHeardByChannel last_heard_from(const mysql::Rows& rows);
void fill_counters(const mysql::Rows& rows, std::vector<ChannelStatus>& channels);

// Where the server keeps no times: what its counters said at the end of the last run.
struct HeardSample {
  std::string channel;
  bool running = false;  // the IO thread
  std::uint64_t heartbeats = 0;
  std::string position;
  std::string relay_log_file;
  std::uint64_t relay_log_space = 0;
  double silence = 0;  // known at that time
};

// The state file's text. What cannot be read back is no sample. `delay` is how long after the answer
// the text was written.
std::string format_samples(const std::vector<HeardSample>& samples, double delay);
struct HeardSamples {
  std::vector<HeardSample> channels;
  double delay = 0;
};
HeardSamples parse_samples(std::string_view text);

// The silence that is certain: it may have been longer, by less than the time between the runs or
// one heartbeat period.
double silence_since(const HeardSample& before, const ChannelStatus& now, double age);

// The values of this run, and the samples for the next one. Channels that have a value from the server
// keep it. `before` is nothing on a first run.
std::vector<HeardSample> complete_last_heard(const std::vector<ChannelStatus>& channels,
                                             const std::optional<HeardSamples>& before, double age,
                                             LastHeardByChannel& heard);

}  // namespace evenkeel::replication
