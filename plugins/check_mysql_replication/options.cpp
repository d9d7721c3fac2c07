#include "options.h"

#include "evenkeel/error.h"
#include "evenkeel/mysql/connection_options.h"
#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

std::vector<OptionSpec> own_options() {
  return {
      {.name = "channel",
       .value = "NAME",
       .help = "a channel that must be there; a missing one is CRITICAL, others are ignored. The one without "
               "a name is \"default\"",
       .default_text = "every channel there is",
       .repeatable = true},
      {.name = "stopped",
       .value = "STATE",
       .help = "what a thread that was stopped without an error counts as: ok, warning, critical, unknown or "
               "0 to 3",
       .default_text = "critical"},
      {.name = "not-replica",
       .value = "STATE",
       .help = "what a server counts as that is no replica at all",
       .default_text = "critical"},
      {.name = "allow-writable", .help = "accept a replica with read_only=OFF"},
      {.name = "heartbeat",
       .value = "DB.TABLE",
       .help = "take lag from this table, which pt-heartbeat writes on the source"},
      {.name = "heartbeat-utc", .help = "pt-heartbeat runs with --utc; without this, ts is local time"},
      {.name = "heartbeat-server-id",
       .value = "ID",
       .help = "the server_id whose heartbeat counts, such as the first source's of a chain",
       .default_text = "each channel's source"},
      {.name = "source",
       .value = "HOST[:PORT]|auto",
       .help = "compare GTIDs with this server, or with the one each channel names; it is asked with the "
               "replica's credentials"},
      {.name = "parallel",
       .value = "N",
       .help = "ask at most so many servers at a time",
       .default_text = "64"},
  };
}

std::vector<LabelSpec> labels() {
  return {
      {"lag", "s", "seconds behind the source, beyond the configured delay", "300", "600"},
      {"channels", "", "replication channels found, of all targets", "", ""},
      {"channels_running", "", "those with both threads running", "", ""},
      {"last_heard", "s",
       "seconds since an event or a heartbeat came from the source; without thresholds, more than 1.5 "
       "heartbeat periods are WARNING",
       "", ""},
      {"transactions_behind", "", "with --source: transactions the source has and the replica has not", "",
       ""},
      {"errant_transactions", "",
       "with --source: transactions the replica has and the source has not; without thresholds, any is "
       "WARNING",
       "", ""},
  };
}

std::vector<Example> examples() {
  return {
      {"check_mysql_replication -f '/etc/mysql/instances/*.cnf'",
       "MYSQL_REPLICATION CRITICAL - db3: SQL thread stopped, error 1062 \"Duplicate entry '7' for key "
       "'PRIMARY' (table shop.orders)\" | channels=2;;;0 channels_running=1;;;0 'lag@db2'=0s;300;600;0 "
       "'last_heard@db2'=0s;;;0 'last_heard@db3'=0s;;;0\n"
       "[CRITICAL] db3: SQL thread stopped, error 1062 \"Duplicate entry '7' for key 'PRIMARY' (table "
       "shop.orders)\"\n"
       "[OK] db2: replicating from 127.0.0.1:21100, lag 0 s"},
      {"check_mysql_replication -f /etc/mysql/instances/db2.cnf -w 60 -c 120 --source auto",
       "MYSQL_REPLICATION OK - db2: replicating from 127.0.0.1:21100, lag 0 s | lag=0s;60;120;0 "
       "last_heard=0.013s;;;0 transactions_behind=0;;;0 errant_transactions=0;;;0 channels=1;;;0 "
       "channels_running=1;;;0"},
  };
}

constexpr const char* notes =
    "What it needs: MySQL: REPLICATION CLIENT, and SELECT on performance_schema for last_heard and the text "
    "of a worker's error. MariaDB 10.5.9 and later: SLAVE MONITOR; before: REPLICATION CLIENT. --heartbeat "
    "needs SELECT on that table; --source needs no more than to log in there.\n\n"
    "What it cannot see: lag is counted from what has arrived. While the source is frozen, or the network "
    "swallows packets, the server says lag 0 until its network time-out (slave_net_timeout, 60 s; once 3600 "
    "s); last_heard is what tells. MySQL keeps the time itself. MariaDB and MySQL 5.7 only count heartbeats "
    "and positions, so that last_heard comes from the difference to the last run: a first run, or one with "
    "--no-state, has none, and the value is the silence that is certain, with events between the runs 0. "
    "Silence shorter than 1.5 heartbeat periods (half the network time-out each) is not told from rest, and "
    "a source that froze and came back between two runs is not seen at all. Just after a source came back, "
    "MySQL may tell of a silence that is over, until the next heartbeat.\n\n"
    "A run sees one moment: a channel that stops and starts again between two runs, or lag that came and "
    "went, leaves no trace. Lag of a single long transaction shows only once it is being applied. Errors "
    "that slave_skip_errors or IDEMPOTENT mode swallowed, and rows changed on the replica by hand, are not "
    "seen here, only the settings are: to compare the data, use check_table_sync.\n\n"
    "Errant transactions: on MariaDB at least so many; it keeps positions, not sets. With several channels "
    "only what belongs to the channel's source counts, and what the replica wrote itself.";

Status state_option(const Options& options, const char* name) {
  const std::optional<std::string> text = options.value(name);
  if (!text) return Status::critical;
  const std::optional<Status> state = parse_status(*text);
  if (!state)
    throw usage_error(std::string("--") + name + ": \"" + clean(*text, 40) +
                      "\" is no state; one of ok, warning, critical, unknown or 0 to 3");
  return *state;
}

}  // namespace

Description description() {
  Description description;
  description.name = "check_mysql_replication";
  description.purpose = "Is replication working on these MySQL or MariaDB replicas?";
  description.options = mysql::connection_options();
  for (OptionSpec& option : own_options()) description.options.push_back(std::move(option));
  description.labels = labels();
  description.examples = examples();
  description.notes = notes;
  return description;
}

Settings settings_from(const Options& options) {
  Settings settings;
  settings.channels = options.values("channel");
  settings.stopped = state_option(options, "stopped");
  settings.not_replica = state_option(options, "not-replica");
  settings.allow_writable = options.has("allow-writable");
  if (const auto table = options.value("heartbeat"))
    settings.heartbeat = HeartbeatTable::parse(*table, options.has("heartbeat-utc"));
  for (const char* name : {"heartbeat-utc", "heartbeat-server-id"})
    if (options.has(name) && !settings.heartbeat)
      throw usage_error(std::string("--") + name + " needs --heartbeat");
  if (options.has("heartbeat-server-id"))
    settings.heartbeat->server_id = std::to_string(options.integer("heartbeat-server-id", 0, 0, 4294967295));
  if (const auto source = options.value("source")) {
    settings.source_of_each_channel = *source == "auto";
    if (!settings.source_of_each_channel) {
      settings.source = parse_host_port("--source", *source);
      // As for -H: a server named without a port is at -P's.
      if (!settings.source->port)
        settings.source->port = parse_port("--port", options.value("port").value_or("3306"));
    }
  }
  settings.parallel = static_cast<std::size_t>(options.integer("parallel", 64, 1, 1000));
  return settings;
}

}  // namespace evenkeel::replication
