#include "last_heard.h"

#include <algorithm>
#include <charconv>

#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

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

}  // namespace

std::string last_heard_query() {
  return "SELECT s.CHANNEL_NAME, c.HEARTBEAT_INTERVAL, s.COUNT_RECEIVED_HEARTBEATS,"
         // NOW(6) would go through local time, which has one hour of autumn twice.
         " @@SESSION.timestamp AS NOW_AT,"
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
                                                      number_at(rows, i, "HEARTBEAT_INTERVAL"),
                                                      number_at(rows, i, "THREAD_SECONDS"),
                                                      {}};
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

}  // namespace evenkeel::replication
