#include "last_heard.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

constexpr std::string_view format_name = "heard 1";
constexpr std::size_t field_count = 7;
constexpr std::size_t most_channels = 1000;

std::optional<double> number_at(const mysql::Rows& rows, std::size_t row, std::string_view column) {
  const mysql::Cell cell = rows.at(row, column);
  double value = 0;
  if (!cell || !parse_number(*cell, value)) return std::nullopt;
  return value;
}

std::optional<double> positive_at(const mysql::Rows& rows, std::size_t row, std::string_view column) {
  const std::optional<double> value = number_at(rows, row, column);
  return value && *value > 0 ? value : std::nullopt;
}

template <class Integer>
Integer whole_from(const mysql::Cell& cell) {
  Integer value = 0;
  if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), value);
  return value;
}

// Later of what arrived, else the start of the IO thread: it has been connected since then at most.
std::optional<double> silence_from(const mysql::Rows& rows, std::size_t row) {
  // Events of a transaction that is under way leave no time behind.
  if (positive_at(rows, row, "QUEUEING_AT")) return std::nullopt;
  const std::optional<double> now = positive_at(rows, row, "NOW_AT");
  const std::optional<double> thread = number_at(rows, row, "THREAD_SECONDS");
  const double heard = std::max(positive_at(rows, row, "HEARTBEAT_AT").value_or(0),
                                positive_at(rows, row, "QUEUED_AT").value_or(0));
  if (!now || heard <= 0) return thread;
  const double silence = std::max(0.0, *now - heard);
  return thread ? std::min(silence, *thread) : silence;
}

std::string one_field(std::string_view text) { return clean(text, 500); }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

bool sample_from(std::string_view line, HeardSample& sample) {
  const std::vector<std::string_view> fields = split(line, '\t');
  if (fields.size() != field_count) return false;
  double heartbeats = 0;
  double space = 0;
  if (!parse_number(fields[1], heartbeats) || !parse_number(fields[2], space) ||
      !parse_number(fields[3], sample.silence))
    return false;
  if (heartbeats < 0 || heartbeats > 1e15 || space < 0 || space > 1e18 || sample.silence < 0) return false;
  sample.running = fields[0] == "running";
  sample.heartbeats = static_cast<std::uint64_t>(heartbeats);
  sample.relay_log_space = static_cast<std::uint64_t>(space);
  sample.position = fields[4];
  sample.relay_log_file = fields[5];
  sample.channel = fields[6];
  return true;
}

HeardSample sample_of(const ChannelStatus& channel) {
  HeardSample sample;
  sample.channel = one_field(channel.name);
  sample.running = channel.io.running();
  sample.heartbeats = channel.heartbeats_received.value_or(0);
  sample.position = one_field(channel.read_position);
  sample.relay_log_file = one_field(channel.relay_log_file);
  sample.relay_log_space = channel.relay_log_space;
  return sample;
}

const HeardSample* sample_for(const std::optional<HeardSamples>& samples, const std::string& channel) {
  if (!samples) return nullptr;
  for (const HeardSample& sample : samples->channels)
    if (sample.channel == channel) return &sample;
  return nullptr;
}

}  // namespace

std::string last_heard_query() {
  return "SELECT s.CHANNEL_NAME, c.HEARTBEAT_INTERVAL, s.COUNT_RECEIVED_HEARTBEATS,"
         " UNIX_TIMESTAMP(NOW(6)) AS NOW_AT,"
         " UNIX_TIMESTAMP(s.LAST_HEARTBEAT_TIMESTAMP) AS HEARTBEAT_AT,"
         " UNIX_TIMESTAMP(s.LAST_QUEUED_TRANSACTION_END_QUEUE_TIMESTAMP) AS QUEUED_AT,"
         " UNIX_TIMESTAMP(s.QUEUEING_TRANSACTION_START_QUEUE_TIMESTAMP) AS QUEUEING_AT,"
         " t.PROCESSLIST_TIME AS THREAD_SECONDS"
         " FROM performance_schema.replication_connection_status s"
         " JOIN performance_schema.replication_connection_configuration c USING (CHANNEL_NAME)"
         " LEFT JOIN performance_schema.threads t ON t.THREAD_ID = s.THREAD_ID";
}

std::string counters_query() {
  return "SELECT s.CHANNEL_NAME, c.HEARTBEAT_INTERVAL, s.COUNT_RECEIVED_HEARTBEATS"
         " FROM performance_schema.replication_connection_status s"
         " JOIN performance_schema.replication_connection_configuration c USING (CHANNEL_NAME)";
}

LastHeardByChannel last_heard_from(const mysql::Rows& rows) {
  LastHeardByChannel heard;
  for (std::size_t i = 0; i < rows.rows.size(); ++i)
    heard[rows.at(i, "CHANNEL_NAME").value_or("")] = {silence_from(rows, i),
                                                      number_at(rows, i, "HEARTBEAT_INTERVAL")};
  return heard;
}

void fill_counters(const mysql::Rows& rows, std::vector<ChannelStatus>& channels) {
  for (std::size_t i = 0; i < rows.rows.size(); ++i)
    for (ChannelStatus& channel : channels)
      if (channel.name == rows.at(i, "CHANNEL_NAME")) {
        channel.heartbeats_received = whole_from<std::uint64_t>(rows.at(i, "COUNT_RECEIVED_HEARTBEATS"));
        channel.heartbeat_period = number_at(rows, i, "HEARTBEAT_INTERVAL");
      }
}

std::string format_samples(const std::vector<HeardSample>& samples, double delay) {
  std::string text = std::string(format_name) + "\t" + format_number(delay) + "\n";
  for (const HeardSample& sample : samples)
    text += std::string(sample.running ? "running" : "stopped") + "\t" + std::to_string(sample.heartbeats) +
            "\t" + std::to_string(sample.relay_log_space) + "\t" + format_number(sample.silence) + "\t" +
            sample.position + "\t" + sample.relay_log_file + "\t" + sample.channel + "\n";
  return text;
}

HeardSamples parse_samples(std::string_view text) {
  HeardSamples samples;
  const std::vector<std::string_view> lines = split(text, '\n');
  const std::vector<std::string_view> head = split(lines.front(), '\t');
  if (head.size() != 2 || head[0] != format_name || !parse_number(head[1], samples.delay)) return {};
  for (std::size_t i = 1; i < lines.size() && i <= most_channels; ++i) {
    HeardSample sample;
    if (sample_from(lines[i], sample)) samples.channels.push_back(std::move(sample));
  }
  return samples;
}

double silence_since(const HeardSample& before, const ChannelStatus& now, double age) {
  const HeardSample present = sample_of(now);
  // A new relay log, or a longer one: something was written down, if only that there is a connection.
  const bool moved = before.position != present.position || before.relay_log_file != present.relay_log_file ||
                     before.relay_log_space < present.relay_log_space;
  if (!before.running || moved || present.heartbeats < before.heartbeats) return 0;
  if (present.heartbeats == before.heartbeats) return before.silence + age;
  // With no event in between, the n-th heartbeat came at most n periods after the last run.
  const auto beats = static_cast<double>(present.heartbeats - before.heartbeats);
  const double period = now.heartbeat_period.value_or(0);
  return period > 0 ? std::max(0.0, age - beats * period) : 0;
}

std::vector<HeardSample> complete_last_heard(const std::vector<ChannelStatus>& channels,
                                             const std::optional<HeardSamples>& before, double age,
                                             LastHeardByChannel& heard) {
  std::vector<HeardSample> samples;
  for (const ChannelStatus& channel : channels) {
    HeardSample sample = sample_of(channel);
    LastHeard& value = heard[channel.name];
    if (!value.period) value.period = channel.heartbeat_period;
    const HeardSample* const last = sample_for(before, sample.channel);
    if (!channel.io.running()) {
      value.seconds.reset();
    } else if (!value.seconds && channel.heartbeats_received && last != nullptr) {
      sample.silence = silence_since(*last, channel, std::max(age, 0.0));
      value.seconds = sample.silence;
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace evenkeel::replication
