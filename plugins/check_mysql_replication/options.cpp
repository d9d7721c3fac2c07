#include "options.h"

#include "evenkeel/error.h"
#include "evenkeel/mysql/connection_options.h"
#include "evenkeel/parallel.h"
#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

constexpr std::size_t usual_parallel = 64;

std::vector<OptionSpec> own_options() {
  return {
      {.name = "channel",
       .value = "NAME",
       .help = "a channel that must be there; a missing one is CRITICAL, whatever --not-replica says, others "
               "are ignored. The one without "
               "a name is \"default\"",
       .default_text = "every channel there is",
       .repeatable = true},
      {.name = "stopped",
       .value = "STATE",
       .help =
           "what a thread that was stopped, and shows no error, counts as: ok, warning, critical, unknown or "
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
       .help =
           "compare GTIDs with this server, or with the one each channel names. It is asked with the "
           "replica's credentials; but a host that a replica names gets only a scramble of that password, "
           "never the password itself"},
      {.name = "source-file",
       .value = "FILE",
       .help =
           "my.cnf with a login of its own for the source: user, password and TLS settings. By verified TLS "
           "the source may get this password itself; with auto that is any host that a replica names and "
           "that has a certificate of the trusted authorities",
       .default_text = "the replica's credentials"},
      parallel_option(usual_parallel),
  };
}

std::vector<LabelSpec> labels() {
  return {
      {"lag", "s", "seconds behind the source, beyond the configured delay", "300", "600"},
      {"channels", "", "replication channels found, of all targets", "", ""},
      {"channels_running", "", "those with both threads running and able to go on", "", ""},
      {"last_heard", "s",
       "seconds for which certainly neither event nor heartbeat came from the source; without thresholds, "
       "more than 1.5 "
       "heartbeat periods are WARNING",
       "", ""},
      {"transactions_behind", "", "with --source: transactions the source has and the replica has not", "",
       ""},
      {"errant_transactions", "",
       "with --source: transactions the replica has and the source has not; without thresholds, any is "
       "WARNING",
       "", ""},
      {"apply_queue", "",
       "of a member of a Galera cluster or a group: transactions received, not applied yet", "", ""},
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
    "With --source auto a replica says which host is asked. That host is sent the account's name and a "
    "scramble "
    "of the password, which lets weak passwords be guessed: --source-file gives it a login of its own. A "
    "MySQL account of caching_sha2_password can log in by a scramble once the server has seen its password, "
    "over a "
    "socket or verified TLS, since it started.\n\n"
    "What it cannot see: lag is counted from what has arrived. While the source is frozen, or the network "
    "swallows packets, the server says lag 0 until its network time-out (slave_net_timeout, 60 s; once 3600 "
    "s); last_heard is what tells. MySQL keeps the time itself, in its performance schema. MariaDB and MySQL "
    "5.7 only count heartbeats and positions, so that last_heard comes from the difference to the last run: "
    "a "
    "first run, or one with --no-state, has none. The value is the silence that is certain; where events "
    "came "
    "between two runs that are further apart than 1.5 heartbeat periods, there is none, and no alarm. "
    "Silence "
    "shorter than 1.5 heartbeat periods (half the network time-out each) is not told from rest, and a source "
    "that froze and came back between two runs is not seen at all.\n\n"
    "MySQL's times leave out what a replica ignores: its own transactions that come back, in a ring or where "
    "two servers follow each other, and those of IGNORE_SERVER_IDS; no heartbeat is due while such events "
    "flow. "
    "The "
    "position of the last run puts that right; a first run, or --no-state, may warn of silence there, and, "
    "until the next heartbeat, of a silence that ended with the source's restart. While the IO thread waits "
    "for relay_log_space_limit, last_heard is not judged.\n\n"
    "A cluster member whose queue stands still is looked at again for 2 s, or half of -t; below 1 s there is "
    "no "
    "verdict. WARNING where it applies nothing of what waits, CRITICAL where Galera's flow control holds up "
    "the "
    "cluster meanwhile. A large transaction or a schema change does that, too, for as long as it takes. A "
    "member "
    "that is slow, and moves, shows in apply_queue alone.\n\n"
    "RESET MASTER on a source that a replica is connected to: nothing arrives any more, while both threads "
    "run and "
    "lag is 0. Only --source tells. On MariaDB, START SLAVE and FLUSH RELAY LOGS look like a sign of life of "
    "the "
    "source.\n\n"
    "A run sees one moment: a channel that stops and starts again between two runs, or lag that came and "
    "went, leaves no trace. Lag of a single long transaction shows only once it is being applied. Errors "
    "that slave_skip_errors or IDEMPOTENT mode swallowed, and rows changed on the replica by hand, are not "
    "seen here, only the settings are: to compare the data, use check_table_sync.\n\n"
    "A threshold for a label that has no value is UNKNOWN where no finding says why: it was not judged. Only "
    "a "
    "first run, which has nothing to compare counters with, is excused, with a remark.\n\n"
    "--stopped is for threads that were stopped in good order. The server keeps the last error of a thread "
    "that was failing when it was stopped (a wrong password, and then STOP REPLICA), and so that stays "
    "CRITICAL until replication runs again or RESET REPLICA forgets it.\n\n"
    "Errant transactions: on MariaDB at least so many. It keeps the last number of each server in a domain, "
    "no sets: one for each server that the source does not know is certain. An errant transaction of a "
    "server "
    "between is seen on MariaDB where the source itself was never a GTID replica in that domain. With "
    "several "
    "channels only what belongs to the channel's source counts, and, with the first channel, what the "
    "replica "
    "wrote itself; without a binary log that has no GTIDs, and the label no value. MariaDB's channels that "
    "share a domain cannot be compared. A server under Galera or group "
    "replication that has no channel is not compared.\n\n"
    "Transactions behind: MariaDB keeps one position a domain, which stands for what its source's log holds "
    "before "
    "it. What the source received itself and does not hand on (log_slave_updates is OFF by default), and "
    "what "
    "lies "
    "beside the position, may be here or not: then there is no value, and a threshold is UNKNOWN.\n\n"
    "--heartbeat takes the row of the channel's source. In a chain, give --heartbeat-server-id of the server "
    "that runs pt-heartbeat: the row of one that no longer does grows old for ever.";

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
  if (const auto file = options.value("source-file")) {
    if (!settings.compares()) throw usage_error("--source-file needs --source");
    settings.source_login = mysql::login_of_file("--source-file", *file, options);
  }
  settings.parallel = parallel_from(options, usual_parallel);
  return settings;
}

}  // namespace evenkeel::replication
