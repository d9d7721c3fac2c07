#include <catch2/catch.hpp>
#include <functional>

#include "evenkeel/render.h"
#include "judge.h"
#include "judge_channel.h"
#include "options.h"
#include "read_replica.h"

using namespace evenkeel;
using namespace evenkeel::replication;
using Catch::Contains;
using std::nullopt;

namespace {

ChannelStatus healthy_channel(const std::string& name = "") {
  ChannelStatus channel;
  channel.name = name;
  channel.source_host = "db1";
  channel.source_port = 3306;
  channel.source_server_id = "1";
  channel.io.state = ThreadState::running;
  channel.sql.state = ThreadState::running;
  channel.seconds_behind = 0;
  return channel;
}

Target healthy(const std::string& name = "db2") {
  Target target;
  target.name = name;
  target.reading.emplace();
  target.reading->channels.push_back(healthy_channel());
  target.reading->server.read_only = true;
  target.reading->server.read_only_text = "ON";
  target.reading->server.skip_errors_name = "slave_skip_errors";
  target.reading->server.skip_errors = "OFF";
  target.reading->server.exec_mode_name = "slave_exec_mode";
  target.reading->server.exec_mode = "STRICT";
  target.reading->server.server_id = "2";
  target.reading->last_heard[""].unheard = Unheard::heard_meanwhile;
  return target;
}

Target failed(const std::string& name, Fault fault, const std::string& text) {
  Target target;
  target.name = name;
  target.error = Error(fault, text);
  return target;
}

// What the user typed: settings, and thresholds as -w and -c take them.
struct Wish {
  std::function<void(Settings&)> settings = [](Settings&) {};
  std::vector<std::string> warning = {};
  std::vector<std::string> critical = {};
};

Report judged(const std::vector<Target>& targets, const Wish& wish = {}) {
  Settings settings;
  wish.settings(settings);
  Limits limits(description().labels);
  limits.apply(Limits::Level::warning, "--warning", wish.warning);
  limits.apply(Limits::Level::critical, "--critical", wish.critical);
  return judge(targets, settings, limits, Status::critical);
}

std::string line(const Report& report) {
  const std::string text = render_text("check_mysql_replication", report, {});
  return text.substr(0, text.find('\n'));
}

void stop(ReplicationThread& thread, unsigned error = 0, const std::string& text = "") {
  thread.state = ThreadState::stopped;
  thread.error = error;
  thread.error_text = text;
}

void stop_both(ReplicaReading& reading) {
  stop(reading.channels[0].io);
  stop(reading.channels[0].sql);
  reading.channels[0].seconds_behind.reset();
}

Heartbeat heartbeat(const std::string& id, std::optional<double> age) { return {id, age}; }

void use_heartbeat(Settings& settings) { settings.heartbeat = HeartbeatTable::parse("p.h", false); }

}  // namespace

TEST_CASE("one replica: its state, and the words of line 1") {
  struct Row {
    const char* what;
    std::function<void(ReplicaReading&)> change;
    Wish wish;
    Status status;
    std::string words;
  };
  const auto none = [](ReplicaReading&) {};
  const auto no_settings = [](Settings&) {};
  const auto row = GENERATE_COPY(values<Row>({
      {"healthy", none, {}, Status::ok, "OK - db2: replicating from db1:3306, lag 0 s | lag=0s;300;600;0"},

      // threads
      {"SQL error",
       [](ReplicaReading& r) {
         stop(r.channels[0].sql, 1062, "Could not execute W event on table d.t; Duplicate entry '7', Error_code: 1062");
         r.channels[0].seconds_behind.reset();
       },
       {}, Status::critical, "CRITICAL - db2: SQL thread stopped, error 1062 \"Duplicate entry '7' (table d.t)\" | channels=1"},
      {"SQL error, whatever --stopped says",
       [](ReplicaReading& r) { stop(r.channels[0].sql, 1062, "x"); },
       {[](Settings& s) { s.stopped = Status::ok; }}, Status::critical, "error 1062 \"x\""},
      {"IO stopped with lag 0, as MySQL 9 shows it",
       [](ReplicaReading& r) { stop(r.channels[0].io); },
       {}, Status::critical, "CRITICAL - db2: IO thread stopped, without an error | channels=1"},
      {"stopped by hand", stop_both, {}, Status::critical, "replication stopped, both threads, without an error"},
      {"stopped by hand, --stopped warning", stop_both,
       {[](Settings& s) { s.stopped = Status::warning; }}, Status::warning, "replication stopped"},
      {"stopped by hand, --stopped ok", stop_both,
       {[](Settings& s) { s.stopped = Status::ok; }}, Status::ok, "OK - db2: replication stopped"},
      {"connecting",
       [](ReplicaReading& r) {
         r.channels[0].io = {ThreadState::connecting, 1045, "Access denied", ""};
         r.channels[0].seconds_behind.reset();
       },
       {[](Settings& s) { s.stopped = Status::ok; }}, Status::critical,
       "IO thread connecting to db1:3306, error 1045 \"Access denied\""},
      {"connecting without an error, after a freeze",
       [](ReplicaReading& r) {
         r.channels[0].io.state = ThreadState::connecting;
         r.channels[0].seconds_behind.reset();
       },
       {}, Status::critical, "IO thread connecting to db1:3306, no error given: the source does not answer"},
      {"preparing",
       [](ReplicaReading& r) {
         r.channels[0].io.state = ThreadState::preparing;
         r.channels[0].seconds_behind.reset();
       },
       {}, Status::warning, "IO thread connected to db1:3306, but has read nothing yet"},
      {"no space for the relay log",
       [](ReplicaReading& r) { r.channels[0].io.doing = "Waiting for disk space"; },
       {}, Status::critical,
       "IO thread cannot go on: \"Waiting for disk space\" | channels=1;;;0 channels_running=0"},
      {"no space for the data",
       [](ReplicaReading& r) { r.channels[0].sql.doing = "Waiting for someone to free space"; },
       {}, Status::critical, "SQL thread cannot go on"},
      {"a relay log limit is no lack of space",
       [](ReplicaReading& r) {
         r.channels[0].io.doing = "Waiting for the slave SQL thread to free enough relay log space";
       },
       {}, Status::ok, "lag 0 s"},

      // lag
      {"lag 301", [](ReplicaReading& r) { r.channels[0].seconds_behind = 301; }, {}, Status::warning,
       "WARNING - db2: lag 301 s (5 min 1 s) (warning: above 300)"},
      {"lag 601", [](ReplicaReading& r) { r.channels[0].seconds_behind = 601; }, {}, Status::critical,
       "CRITICAL - db2: lag 601 s"},
      {"lag 300 is inside", [](ReplicaReading& r) { r.channels[0].seconds_behind = 300; }, {}, Status::ok,
       "lag=300s"},
      {"thresholds of one's own", [](ReplicaReading& r) { r.channels[0].seconds_behind = 9; },
       {no_settings, {"5"}, {"lag@db2=8"}}, Status::critical, "lag=9s;5;8;0"},
      {"NULL lag is unknown, never 0", [](ReplicaReading& r) { r.channels[0].seconds_behind.reset(); }, {},
       Status::unknown, "UNKNOWN - db2: lag is NULL although both threads run | channels=1"},
      {"within its delay",
       [](ReplicaReading& r) {
         r.channels[0].configured_delay = 3600;
         r.channels[0].seconds_behind = 3500;
       },
       {}, Status::ok, "OK - db2: replicating from db1:3306, lag 0 s beyond its delay of 1 h | lag=0s"},
      {"beyond its delay",
       [](ReplicaReading& r) {
         r.channels[0].configured_delay = 3600;
         r.channels[0].seconds_behind = 4300;
       },
       {}, Status::critical, "lag 700 s (11 min 40 s) beyond its delay of 1 h (critical: above 600)"},

      // heartbeat table
      {"heartbeat beats the server's own lag",
       [](ReplicaReading& r) { r.heartbeats = {heartbeat("1", 700)}; },
       {use_heartbeat}, Status::critical, "db2: lag 700 s (11 min 40 s) by the heartbeat of server 1 in p.h (critical"},
      {"the heartbeat of a server that was asked for",
       [](ReplicaReading& r) { r.heartbeats = {heartbeat("1", 34560000), heartbeat("7", 1)}; },
       {[](Settings& s) {
         use_heartbeat(s);
         s.heartbeat->server_id = "7";
       }}, Status::ok, "lag=1s"},
      {"no heartbeat of the server that was asked for",
       [](ReplicaReading& r) { r.heartbeats = {heartbeat("1", 1)}; },
       {[](Settings& s) {
         use_heartbeat(s);
         s.heartbeat->server_id = "7";
       }}, Status::unknown, "no heartbeat of server 7 in p.h"},
      {"the heartbeat of this very server was asked for",
       [](ReplicaReading& r) { r.heartbeats = {heartbeat("1", 34560000), heartbeat("2", 0)}; },
       {[](Settings& s) {
         use_heartbeat(s);
         s.heartbeat->server_id = "2";
       }}, Status::unknown,
       "UNKNOWN - db2: --heartbeat-server-id 2: that is this server's own heartbeat | channels=1"},
      {"heartbeat counts with stopped threads, too",
       [](ReplicaReading& r) {
         stop_both(r);
         r.heartbeats = {heartbeat("1", 400)};
       },
       {use_heartbeat}, Status::critical, "lag=400s"},
      {"a clock ahead is no negative lag",
       [](ReplicaReading& r) { r.heartbeats = {heartbeat("1", -2.5)}; },
       {use_heartbeat}, Status::ok, "lag=0s"},
      {"a heartbeat from the future",
       [](ReplicaReading& r) { r.heartbeats = {heartbeat("1", -3600)}; },
       {use_heartbeat}, Status::unknown, "the heartbeat in p.h lies 3600 s (1 h) in the future"},
      {"no heartbeat", [](ReplicaReading& r) { r.heartbeats.emplace(); }, {use_heartbeat}, Status::unknown,
       "no heartbeat of server 1 in p.h"},
      {"a heartbeat without a time",
       [](ReplicaReading& r) { r.heartbeats = {heartbeat("1", nullopt)}; },
       {use_heartbeat}, Status::unknown, "has no time"},
      {"a table that may not be read",
       [](ReplicaReading& r) { r.not_readable = {"may not read p.h: GRANT SELECT"}; },
       {use_heartbeat}, Status::unknown, "db2: may not read p.h: GRANT SELECT | channels=1"},

      // last_heard
      {"silence up to one and a half periods", [](ReplicaReading& r) { r.last_heard[""] = {45, 30, nullopt, {}}; }, {},
       Status::ok, "last_heard=45s"},
      {"silence beyond", [](ReplicaReading& r) { r.last_heard[""] = {46, 30, nullopt, {}}; }, {}, Status::warning,
       "WARNING - db2: nothing heard from db1:3306 for 46 s, a heartbeat is due every 30 s"},
      {"thresholds decide instead", [](ReplicaReading& r) { r.last_heard[""] = {46, 30, nullopt, {}}; },
       {no_settings, {"last_heard=60"}, {"last_heard=120"}}, Status::ok, "last_heard=46s;60;120;0"},
      {"thresholds decide, critical", [](ReplicaReading& r) { r.last_heard[""] = {121, 30, nullopt, {}}; },
       {no_settings, {}, {"last_heard=120"}}, Status::critical, "for 121 s (2 min 1 s) (critical: above 120)"},
      {"heartbeats switched off", [](ReplicaReading& r) { r.last_heard[""] = {4600, 0, nullopt, {}}; }, {}, Status::ok,
       "last_heard=4600s"},
      {"a first run: no value, no verdict", [](ReplicaReading& r) { r.last_heard[""] = {nullopt, 30, nullopt, Unheard::first_run}; }, {},
       Status::ok, "lag=0s;300;600;0 channels=1"},
      {"a first run with a threshold: a remark",
       [](ReplicaReading& r) { r.last_heard[""] = {nullopt, 30, nullopt, Unheard::first_run}; },
       {no_settings, {}, {"last_heard=60"}}, Status::ok, "no value for last_heard: counters tell only from the second run on"},
      {"a threshold without state is never judged",
       [](ReplicaReading& r) { r.last_heard[""] = {nullopt, 30, nullopt, Unheard::no_state}; },
       {no_settings, {}, {"last_heard=60"}}, Status::unknown,
       "UNKNOWN - db2: no value for last_heard: the counters of the last run are not kept"},
      {"a threshold for another server is no question to this one",
       [](ReplicaReading& r) { r.last_heard[""] = {nullopt, 30, nullopt, Unheard::no_state}; },
       {no_settings, {}, {"last_heard@db9=60"}}, Status::ok, "OK - db2: replicating"},
      {"heard since the last run: a threshold is not breached",
       [](ReplicaReading& r) { r.last_heard[""] = {nullopt, 30, nullopt, Unheard::heard_meanwhile}; },
       {no_settings, {}, {"last_heard=60"}}, Status::ok, "OK - db2: replicating from db1:3306, lag 0 s | lag=0s;300;600;0 channels=1"},
      {"held up by its own relay log",
       [](ReplicaReading& r) {
         r.channels[0].io.doing = "Waiting for the replica SQL thread to free relay log space";
         r.last_heard[""] = {500, 30, nullopt, Unheard::held_up};
       },
       {}, Status::ok, "lag=0s;300;600;0 channels=1"},
      {"the performance schema is off: a remark", [](ReplicaReading& r) { r.last_heard.clear(); }, {}, Status::ok,
       "no value for last_heard: the performance schema is off"},
      {"the performance schema is off: a threshold cannot be judged",
       [](ReplicaReading& r) { r.last_heard.clear(); }, {no_settings, {}, {"last_heard=60"}},
       Status::unknown, "UNKNOWN - db2: no value for last_heard: the performance schema is off"},
      {"a stopped thread explains that there is no value", stop_both,
       {[](Settings& s) { s.stopped = Status::ok; }, {"last_heard=60"}, {"lag=5"}}, Status::ok,
       "OK - db2: replication stopped"},

      // the server
      {"writable",
       [](ReplicaReading& r) {
         r.server.read_only = false;
         r.server.read_only_text = "OFF";
       },
       {}, Status::warning, "WARNING - db2: read_only=OFF, this replica can be written to"},
      {"writable and accepted", [](ReplicaReading& r) { r.server.read_only = false; },
       {[](Settings& s) { s.allow_writable = true; }}, Status::ok, "OK"},
      {"errors are skipped", [](ReplicaReading& r) { r.server.skip_errors = "1062,1032"; }, {}, Status::warning,
       "slave_skip_errors=1062,1032 hides errors"},
      {"idempotent", [](ReplicaReading& r) { r.server.exec_mode = "IDEMPOTENT"; }, {}, Status::warning,
       "slave_exec_mode=IDEMPOTENT hides errors"},
      {"semi-sync on", [](ReplicaReading& r) { r.server.semi_sync = true; }, {}, Status::ok, "OK"},
      {"semi-sync fallen back", [](ReplicaReading& r) { r.server.semi_sync = false; }, {}, Status::warning,
       "semi-synchronous replication is enabled, but not in effect"},

      {"semi-sync is off for lack of a connection: the IO thread's finding says so",
       [](ReplicaReading& r) {
         r.server.semi_sync = false;
         stop(r.channels[0].io);
       },
       {[](Settings& s) { s.stopped = Status::ok; }}, Status::ok, "IO thread stopped, without an error |"},

      // no replica, clusters
      {"no replica", [](ReplicaReading& r) { r.channels.clear(); }, {}, Status::critical,
       "CRITICAL - db2: is no replica: it has no replication channel; --not-replica says what a source counts "
       "as | channels=0"},
      {"no replica, and that is fine", [](ReplicaReading& r) { r.channels.clear(); },
       {[](Settings& s) { s.not_replica = Status::ok; }}, Status::ok, "OK - db2: is no replica"},
      {"a Galera node is not no replica",
       [](ReplicaReading& r) {
         r.channels.clear();
         r.server.galera = {"ON", "Primary", "Synced", "3"};
         r.server.read_only = false;
       },
       {}, Status::ok, "OK - db2: Galera node Synced, cluster of 3"},
      {"a Galera node has no lag that a threshold could judge",
       [](ReplicaReading& r) {
         r.channels.clear();
         r.server.galera = {"ON", "Primary", "Synced", "3"};
       },
       {no_settings, {}, {"lag=5"}}, Status::unknown, "no value for lag: a cluster member without a replication channel"},
      {"a Galera node is not compared, and says so",
       [](ReplicaReading& r) {
         r.channels.clear();
         r.server.galera = {"ON", "Primary", "Synced", "3"};
       },
       {[](Settings& s) { s.source_of_each_channel = true; }}, Status::ok,
       "no value for transactions_behind: a cluster member without a channel is not compared"},
      {"a Galera node is not compared, and a threshold was given",
       [](ReplicaReading& r) {
         r.channels.clear();
         r.server.galera = {"ON", "Primary", "Synced", "3"};
       },
       {[](Settings& s) { s.source_of_each_channel = true; }, {}, {"transactions_behind=5"}}, Status::unknown,
       "UNKNOWN - db2: no value for transactions_behind"},
      {"Galera, not primary",
       [](ReplicaReading& r) { r.server.galera = {"OFF", "non-Primary", "Initialized", "1"}; },
       {}, Status::critical, "Galera cluster status is non-Primary, not Primary"},
      {"Galera, donor", [](ReplicaReading& r) { r.server.galera = {"ON", "Primary", "Donor/Desynced", "3"}; },
       {}, Status::warning, "Galera node is Donor/Desynced, not Synced"},
      {"Galera, not ready", [](ReplicaReading& r) { r.server.galera = {"OFF", "Primary", "Synced", "3"}; }, {},
       Status::critical, "wsrep_ready=OFF"},
      {"a group's member is not no replica",
       [](ReplicaReading& r) {
         r.channels.clear();
         r.server.group = {{{"e", "db2:3306", "ONLINE", "PRIMARY"}}, "e"};
       },
       {}, Status::ok, "OK - db2: group replication member ONLINE (PRIMARY)"},
      {"a member that recovers",
       [](ReplicaReading& r) { r.server.group = {{{"e", "db2:3306", "RECOVERING", ""}}, "e"}; },
       {}, Status::warning, "group replication member is RECOVERING"},
      {"a member in error",
       [](ReplicaReading& r) { r.server.group = {{{"e", "db2:3306", "ERROR", ""}}, "e"}; },
       {}, Status::critical, "group replication member is ERROR"},
      {"a member that never joined",
       [](ReplicaReading& r) { r.server.group = {{{"", ":", "OFFLINE", ""}}, "e"}; },
       {}, Status::critical, "group replication member is OFFLINE"},
      {"one member of three out of reach",
       [](ReplicaReading& r) {
         r.server.group = {{{"e", "db2:3306", "ONLINE", ""}, {"f", "db3:3306", "UNREACHABLE", ""}, {"g", "db4:3306", "ONLINE", ""}}, "e"};
       },
       {}, Status::warning, "group replication cannot reach db3:3306"},
      {"two members of three out of reach",
       [](ReplicaReading& r) {
         r.server.group = {{{"e", "db2:3306", "ONLINE", ""}, {"f", "db3:3306", "UNREACHABLE", ""}, {"g", "db4:3306", "UNREACHABLE", ""}}, "e"};
       },
       {}, Status::critical, "group replication has lost its majority, cannot reach db3:3306, db4:3306"},
      {"the group's SQL thread",
       [](ReplicaReading& r) {
         r.channels.clear();
         r.group_channels.push_back(healthy_channel("group_replication_applier"));
         stop(r.group_channels[0].sql, 1062, "x");
       },
       {}, Status::critical, "group replication's SQL thread stopped, error 1062 \"x\""},

      // channels
      {"a channel that must be there", none, {[](Settings& s) { s.channels = {"east"}; }}, Status::critical,
       "CRITICAL - db2: channel east is missing | channels=0"},
      {"a channel that must be there, and no channel at all", [](ReplicaReading& r) { r.channels.clear(); },
       {[](Settings& s) {
         s.channels = {"east"};
         s.not_replica = Status::ok;
       }}, Status::critical, "CRITICAL - db2: channel east is missing, this is no replica at all | channels=0"},
      {"the default channel, by its word", none, {[](Settings& s) { s.channels = {"default"}; }}, Status::ok,
       "channels=1"},
      {"the default channel, by its empty name", none, {[](Settings& s) { s.channels = {""}; }}, Status::ok,
       "channels=1"},
      {"too few channels", none, {no_settings, {}, {"channels=2:"}}, Status::critical,
       "replication channels: 1 (critical: below 2)"},
      {"too few running", stop_both, {[](Settings& s) { s.stopped = Status::ok; }, {"channels_running=1:"}},
       Status::warning, "running replication channels: 0 (warning: below 1)"},
  }));
  CAPTURE(row.what);
  Target target = healthy();
  row.change(*target.reading);
  const Report report = judged({target}, row.wish);
  CHECK(to_string(report.status()) == to_string(row.status));
  CHECK_THAT(line(report), Catch::Contains(row.words));
}

TEST_CASE("text from a server cannot add a line or performance data") {
  Target target = healthy();
  stop(target.reading->channels[0].sql, 1062, "x\n| lag=0\x1b[2J");
  target.reading->channels[0].io.doing = "y\nOK |z=1";
  const std::string text = render_text("check_mysql_replication", judged({target}), {3, {}, {}, 0});
  CHECK_THAT(text, !Catch::Contains("\x1b"));
  CHECK_THAT(line(judged({target})), Catch::Contains("error 1062 \"x / lag=0 [2J\" | channels=1"));
}

TEST_CASE("several channels: each is named, the others stay green") {
  Target target = healthy();
  auto& channels = target.reading->channels;
  channels = {healthy_channel("east"), healthy_channel("west"), healthy_channel()};
  for (const ChannelStatus& channel : channels)
    target.reading->last_heard[channel.name].unheard = Unheard::heard_meanwhile;
  channels[1].seconds_behind = 700;
  stop(channels[2].sql, 1146, "no table");
  SECTION("by default all count") {
    const Report report = judged({target});
    CHECK_THAT(line(report), Catch::Contains("CRITICAL - db2: channel west: lag 700 s"));
    CHECK_THAT(line(report), Catch::Contains("db2: default channel: SQL thread stopped, error 1146"));
    CHECK_THAT(line(report), Catch::Contains("| channels=3;;;0 channels_running=2;;;0 'lag@db2/east'=0s"));
    CHECK_THAT(line(report), Catch::Contains("'lag@db2/west'=700s"));
  }
  SECTION("--channel leaves the others out") {
    const Report report = judged({target}, {[](Settings& s) { s.channels = {"east"}; }});
    CHECK(report.status() == Status::ok);
    CHECK_THAT(line(report), Catch::Contains("replicating from db1:3306, lag 0 s | "));
    CHECK_THAT(line(report), Catch::Contains("channels=1"));
  }
  SECTION("thresholds for one channel") {
    const Wish wish{[](Settings& s) {
                      s.channels = {"east", "west"};
                    },
                    {"lag@db2/west=1000"},
                    {"lag@db2/west=2000"}};
    CHECK(judged({target}, wish).status() == Status::ok);
  }
  SECTION("all fine") {
    channels.resize(2);
    channels[1].seconds_behind = 7;
    CHECK_THAT(line(judged({target})), Catch::Contains("OK - db2: 2 channels replicate, lag at most 7 s |"));
  }
}

TEST_CASE("several targets: each has a finding, the worst decides") {
  Target slow = healthy("db3");
  slow.reading->channels[0].seconds_behind = 4;
  SECTION("all fine") {
    CHECK_THAT(
        line(judged({healthy("db2"), slow})),
        Catch::Contains("OK - 2 replicas (2 channels) replicate, lag at most 4 s (db3) | channels=2;;;0 "
                        "channels_running=2;;;0 'lag@db2'=0s;300;600;0"));
  }
  SECTION("one is dead, one may not be looked at, and the third is still told of") {
    const Report report = judged({failed("db1", Fault::denied, "access denied"), slow,
                                  failed("db4", Fault::unreachable, "connecting to db4:3306: refused")});
    CHECK(report.status() == Status::critical);
    CHECK_THAT(line(report),
               Catch::Contains("CRITICAL - db4: connecting to db4:3306: refused; db1: access denied"));
    CHECK_THAT(line(report), Catch::Contains("'lag@db3'=4s"));
    CHECK(report.findings().size() == 3);
  }
}

TEST_CASE("where no target answers, nothing is counted as 0") {
  const std::string text =
      line(judged({failed("db1", Fault::unreachable, "refused"), failed("db2", Fault::timeout, "late")}));
  CHECK_THAT(text, Catch::EndsWith("CRITICAL - db1: refused; db2: late"));
}

TEST_CASE("MariaDB's silence at a full disk is explained") {
  const std::string full = "MariaDB does this when its disk is full";
  const std::string purpose = mariadb_status_purpose;
  for (const std::string& text : {"timed out: " + purpose, purpose + ": no answer in time"})
    CHECK_THAT(line(judged({failed("db2", Fault::timeout, text)})), Catch::Contains(full));
  CHECK_THAT(line(judged({failed("db2", Fault::timeout, "timed out: reading status")})),
             !Catch::Contains(full));
  CHECK_THAT(line(judged({failed("db2", Fault::protocol, purpose + ": error 1")})), !Catch::Contains(full));
}

TEST_CASE("a comparison with the source") {
  const auto compared = [](std::uint64_t behind, std::uint64_t errant, const std::string& names) {
    Target target = healthy();
    target.compared.push_back({"", "db1:3306", Comparison{behind, {errant, names}, {}, false}, ""});
    return target;
  };
  struct Row {
    const char* what;
    Target target;
    Wish wish;
    Status status;
    std::string words;
  };
  const auto no_settings = [](Settings&) {};
  Target unreachable = healthy();
  unreachable.compared.push_back({"", "db1:3306", nullopt, "no answer in time"});
  const auto row = GENERATE_COPY(values<Row>({
      {"in sync", compared(0, 0, ""), {}, Status::ok, "transactions_behind=0;;;0 errant_transactions=0;;;0"},
      {"behind, no thresholds", compared(12, 0, ""), {}, Status::ok, "transactions_behind=12"},
      {"behind, thresholds",
       compared(12, 0, ""),
       {no_settings, {"transactions_behind=10"}},
       Status::warning,
       "12 transactions behind db1:3306 (warning: above 10)"},
      {"errant",
       compared(0, 2, "u:1-2"),
       {},
       Status::warning,
       "WARNING - db2: 2 errant transactions: u:1-2, not on db1:3306 |"},
      {"one errant",
       compared(0, 1, "u:1"),
       {},
       Status::warning,
       "1 errant transaction: u:1, not on db1:3306 |"},
      {"errant and accepted",
       compared(0, 2, "u:1-2"),
       {no_settings, {"errant_transactions=5"}},
       Status::ok,
       "errant_transactions=2;5"},
      {"errant and critical",
       compared(0, 1, "u:1"),
       {no_settings, {}, {"errant_transactions=0"}},
       Status::critical,
       "1 errant transaction: u:1, not on db1:3306 (critical: above 0)"},
      {"no comparison",
       unreachable,
       {},
       Status::unknown,
       "UNKNOWN - db2: cannot compare with db1:3306: no answer in time | lag=0s;300;600;0 channels=1"},
  }));
  CAPTURE(row.what);
  const Report report = judged({row.target}, row.wish);
  CHECK(to_string(report.status()) == to_string(row.status));
  CHECK_THAT(line(report), Catch::Contains(row.words));
}

TEST_CASE("what cannot be known has no value, and no threshold passes for it") {
  Target target = healthy();
  target.compared.push_back(
      {"", "db1:3306", Comparison{nullopt, {}, {}, true, true, "positions do not tell"}, ""});
  const std::string said = "no value for transactions_behind: positions do not tell";
  CHECK_THAT(line(judged({target})), Contains("OK - db2") && Contains(said));
  for (const char* threshold : {"transactions_behind=5", "transactions_behind@db2=5"})
    CHECK_THAT(line(judged({target}, {.critical = {threshold}})),
               Contains("UNKNOWN - db2: " + said + " | ") && !Contains("transactions_behind="));
  CHECK_THAT(line(judged({target}, {.critical = {"transactions_behind@db9=5"}})), Contains("OK - db2"));

  SECTION("nor a value of another channel") {
    target.reading->channels = {healthy_channel("east"), healthy_channel("west")};
    target.compared[0].channel = "east";
    target.compared.push_back({"west", "db3:3306", Comparison{0, {}, {}, true, true, ""}, ""});
    CHECK_THAT(line(judged({target}, {.critical = {"transactions_behind=5"}})),
               Contains("UNKNOWN - db2: channel east: " + said) &&
                   Contains("'transactions_behind@db2/west'=0;;5;0"));
    CHECK_THAT(line(judged({target}, {.critical = {"transactions_behind@db2/west=5"}})), Contains("OK - "));
  }
}

TEST_CASE("a replica without a binary log: errant transactions are never known to be none") {
  const auto compared = [](std::uint64_t received) {
    Target target = healthy();
    target.compared.push_back(
        {"", "db1:3306", Comparison{0, {}, {received, received == 0 ? "" : "u:1"}, false, false}, ""});
    return target;
  };
  const std::string said = "no value for errant_transactions: without a binary log";
  const std::string found = "db2: at least 2 errant transactions: u:1, not on db1:3306";
  struct Row {
    std::uint64_t received;
    const char* threshold;
    Status status;
    std::string words;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {0, "", Status::ok, said},
      {0, "errant_transactions=0", Status::unknown, "UNKNOWN - db2: " + said},
      {0, "errant_transactions=5", Status::unknown, "UNKNOWN - db2: " + said},
      {2, "", Status::warning, "WARNING - " + found},
      {2, "errant_transactions=0", Status::critical, "CRITICAL - " + found},
      {2, "errant_transactions=5", Status::unknown, "UNKNOWN - db2: " + said},
  }));
  CAPTURE(row.received, row.threshold);
  const Report report =
      judged({compared(row.received)}, {.critical = {row.threshold[0] == 0 ? "lag=600" : row.threshold}});
  CHECK(to_string(report.status()) == to_string(row.status));
  CHECK_THAT(line(report), Contains(row.words) && !Contains("errant_transactions=0"));
}

TEST_CASE("what the replica wrote itself counts with its first channel alone") {
  Target target = healthy();
  target.reading->channels = {healthy_channel("east"), healthy_channel("west")};
  const Comparison own{0, {1, "u:1"}, {}, true};
  target.compared = {{"east", "db1:3306", own, ""}, {"west", "db9:3306", own, ""}};
  const std::string all = line(judged({target}));
  CHECK_THAT(all, Catch::Contains("channel east: at least 1 errant transaction: u:1, not on db1:3306"));
  CHECK_THAT(all, Catch::Contains("'errant_transactions@db2/west'=0"));
  const std::string west = line(judged({target}, {[](Settings& s) { s.channels = {"west"}; }}));
  CHECK_THAT(west, Catch::Contains("channel west: at least 1 errant transaction: u:1, not on db9:3306"));
}

TEST_CASE("a group member whose group may not be read is UNKNOWN with the GRANT, and no more") {
  Target target = healthy();
  target.reading->channels.clear();
  target.reading->server.in_a_group = true;
  target.reading->not_readable = {"may not read performance_schema: GRANT SELECT"};
  const Report report = judged({target});
  CHECK(report.findings().size() == 1);
  CHECK_THAT(line(report), Contains("UNKNOWN - db2: may not read performance_schema: GRANT SELECT |"));
}

TEST_CASE("a cluster member that does not keep up") {
  const auto member = [](ClusterLoad load) {
    Target target = healthy();
    target.reading->channels.clear();
    target.reading->server.galera = {"ON", "Primary", "Synced", "3"};
    target.reading->server.cluster_load = load;
    return target;
  };
  struct Row {
    ClusterLoad load;
    Wish wish;
    Status status;
    std::string words;
  };
  const auto no_settings = [](Settings&) {};
  const auto row = GENERATE_COPY(values<Row>({
      {{0, 0, false, false}, {}, Status::ok, "apply_queue=0;;;0"},
      {{24, 2, false, false}, {}, Status::ok, "apply_queue=24;;;0"},
      {{24, 2, false, false},
       {no_settings, {"apply_queue=10"}},
       Status::warning,
       "24 transactions wait to be applied (warning: above 10)"},
      {{24, 2, true, false}, {}, Status::warning, "applied nothing for 2 s while 24 transactions wait"},
      {{24, 2, true, true},
       {},
       Status::critical,
       "applied nothing for 2 s while 24 transactions wait, and flow control holds up the cluster"},
      {{0, 2, false, true}, {}, Status::warning, "flow control has held up the cluster for 2 s"},
  }));
  const Report report = judged({member(row.load)}, row.wish);
  CHECK(to_string(report.status()) == to_string(row.status));
  CHECK_THAT(line(report), Contains(row.words));
}

TEST_CASE("a threshold for the queue of what is no cluster member has nothing to judge") {
  const Wish wish{[](Settings&) {}, {}, {"apply_queue=10"}};
  CHECK_THAT(line(judged({healthy()}, wish)),
             Contains("UNKNOWN - db2: no value for apply_queue: this is no member of a cluster"));
  Target member = healthy("db3");
  member.reading->channels.clear();
  member.reading->server.galera = {"ON", "Primary", "Synced", "3"};
  CHECK_THAT(line(judged({member}, wish)), Contains("UNKNOWN - db3: no value for apply_queue: this server"));
  member.reading->server.cluster_load = ClusterLoad{};
  CHECK(judged({healthy(), member}, wish).status() == Status::ok);
}

TEST_CASE("a cluster member's lag by a heartbeat table") {
  struct Row {
    const char* what;
    std::optional<std::vector<Heartbeat>> heartbeats;
    const char* id;
    Wish wish;
    Status status;
    std::string words;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {"another's", {{heartbeat("1", 7)}}, "", {}, Status::ok, "lag=7s;300;600;0"},
      {"another's, old",
       {{heartbeat("1", 700)}},
       "",
       {},
       Status::critical,
       "lag 700 s (11 min 40 s) by the heartbeat of server 1 in p.h (critical"},
      {"a clock ahead", {{heartbeat("1", -2)}}, "", {}, Status::ok, "lag=0s"},
      {"from the future", {{heartbeat("1", -3600)}}, "", {}, Status::unknown, "in the future"},
      {"the one asked for", {{heartbeat("1", 700), heartbeat("3", 1)}}, "3", {}, Status::ok, "lag=1s"},
      {"its own", {{heartbeat("2", 0)}}, "2", {}, Status::unknown, "that is this server's own heartbeat"},
      {"the one asked for is not there",
       {{heartbeat("1", 0)}},
       "8",
       {},
       Status::unknown,
       "no heartbeat of server 8 in p.h"},
      {"it writes them itself", {{heartbeat("2", 0)}}, "", {}, Status::ok, "Galera node Synced"},
      {"it writes them itself, and a threshold",
       {{heartbeat("2", 0)}},
       "",
       {{}, {}, {"lag=5"}},
       Status::unknown,
       "no value for lag: no other server writes heartbeats here"},
      {"nobody writes any",
       {std::vector<Heartbeat>{}},
       "",
       {},
       Status::unknown,
       "no heartbeat of another server in p.h"},
  }));
  CAPTURE(row.what);
  Target target = healthy();
  target.reading->channels.clear();
  target.reading->server.galera = {"ON", "Primary", "Synced", "3"};
  target.reading->heartbeats = row.heartbeats;
  Wish wish = row.wish;
  wish.settings = [&](Settings& settings) {
    use_heartbeat(settings);
    settings.heartbeat->server_id = row.id;
  };
  const Report report = judged({target}, wish);
  CHECK(to_string(report.status()) == to_string(row.status));
  CHECK_THAT(line(report), Contains(row.words));
}

TEST_CASE("delays are named in line 1 in any number") {
  CHECK(delay_text(30) == "30 s");
  CHECK(delay_text(600) == "10 min");
  CHECK(delay_text(3600) == "1 h");
  CHECK(delay_text(5000) == "5000 s (1 h 23 min)");
  CHECK(delay_text(86400) == "1 d");
  CHECK(delay_text(86460) == "86460 s (1 d)");
  Target delayed = healthy("db3");
  delayed.reading->channels[0].configured_delay = 3600;
  CHECK_THAT(line(judged({healthy("db2"), delayed})),
             Contains("replicate, lag at most 0 s (db2) beyond 1 delay of 1 h |"));
  Target two = delayed;
  two.reading->channels = {healthy_channel("east"), healthy_channel("west")};
  two.reading->channels[1].configured_delay = 600;
  for (const ChannelStatus& channel : two.reading->channels)
    two.reading->last_heard[channel.name].unheard = Unheard::heard_meanwhile;
  CHECK_THAT(line(judged({two})),
             Contains("2 channels replicate, lag at most 0 s beyond delays of up to 10 min |"));
}

TEST_CASE("cluster members are no replicas in the summary") {
  const auto member = [](const std::string& name) {
    Target target = healthy(name);
    target.reading->channels.clear();
    target.reading->server.group = {{{"e", "h", "ONLINE", "PRIMARY"}}, "e"};
    return target;
  };
  CHECK_THAT(line(judged({member("db2"), member("db3")})),
             Catch::Contains("OK - 2 cluster members are fine |"));
  CHECK_THAT(line(judged({member("db2"), healthy("db4")})),
             Catch::Contains(
                 "OK - 1 replica (1 channel) replicates, lag at most 0 s (db4), 1 cluster member is fine"));
  const Wish lag{[](Settings&) {}, {}, {"lag=5"}};
  CHECK(judged({member("db2"), healthy("db4")}, lag).status() == Status::ok);
}

TEST_CASE("facts say what the verdict does not need") {
  Target target = healthy();
  target.reading->server.super_read_only = "ON";
  target.reading->server.semi_sync = true;
  const Report report = judged({target});
  CHECK(report.facts().at("super_read_only") == "ON");
  CHECK(report.facts().at("semi_sync") == "on");
  CHECK(report.facts().at("source") == "db1:3306");
  CHECK(judged({target, healthy("db3")}).facts().contains("source@db2"));
}

TEST_CASE("an UNTIL condition is named: where it may be why a thread stopped, and where it will stop one") {
  Target target = healthy();
  ChannelStatus& channel = target.reading->channels[0];
  channel.until = "Source binlog.000003:1234";
  CHECK_THAT(render_text("x", judged({target}), {}),
             Contains("X OK") &&
                 Contains("the SQL thread will stop at its UNTIL condition, Source binlog.000003:1234"));
  channel.sql.state = ThreadState::stopped;
  CHECK_THAT(render_text("x", judged({target}), {}),
             Contains("CRITICAL - db2: SQL thread stopped, without an error; its UNTIL condition was Source "
                      "binlog.000003:1234"));
  channel.io.state = ThreadState::stopped;
  CHECK_THAT(render_text("x", judged({target}), {}),
             Contains("without an error; its UNTIL condition was Source"));
}

TEST_CASE("without heartbeats last_heard is not judged, and that is said") {
  Target target = healthy();
  target.reading->last_heard[""] = {
      .seconds = 5000, .period = 0, .connected = {}, .unheard = Unheard::not_told};
  const std::string said = "last_heard is not judged: no heartbeats (period 0)";
  CHECK_THAT(render_text("x", judged({target}), {}), Contains("X OK") && Contains(said));
  CHECK_THAT(render_text("x", judged({target}, {.warning = {"last_heard=60"}}), {}),
             Contains("X WARNING") && !Contains(said));
  target.reading->last_heard[""].period = 30;
  CHECK_THAT(render_text("x", judged({target}), {}), Contains("X WARNING") && !Contains(said));
}
