#include <catch2/catch.hpp>

#include "evenkeel/error.h"
#include "source_comparison.h"

using namespace evenkeel::replication;
using evenkeel::mysql::GtidPosition;

namespace {

const std::string a = "aaaaaaaa-0000-0000-0000-000000000001";  // a source
const std::string b = "bbbbbbbb-0000-0000-0000-000000000002";  // another source
const std::string r = "eeeeeeee-0000-0000-0000-00000000000e";  // the replica
const std::string x = "ffffffff-0000-0000-0000-00000000000f";  // a server long gone

ReplicaReading mysql_replica(const std::string& executed) {
  ReplicaReading replica;
  replica.server.server_uuid = r;
  replica.server.server_id = "9";
  ChannelStatus channel;
  channel.source_uuid = a;
  channel.source_server_id = "1";
  channel.executed_gtid_set = executed;
  replica.channels.push_back(channel);
  return replica;
}

ReplicaReading mysql_replica_of_two(const std::string& executed, const std::string& retrieved_from_b) {
  ReplicaReading replica = mysql_replica(executed);
  ChannelStatus second = replica.channels[0];
  replica.channels[0].name = "east";
  second.name = "west";
  second.source_uuid = b;
  second.source_server_id = "2";
  second.retrieved_gtid_set = retrieved_from_b;
  replica.channels.push_back(second);
  return replica;
}

SourceReading mysql_source(const std::string& uuid, const std::string& executed) {
  SourceReading source;
  source.server_uuid = uuid;
  source.executed = GtidSet::parse(executed);
  return source;
}

ReplicaReading mariadb_replica(const std::string& applied, const std::string& written) {
  ReplicaReading replica;
  replica.version.mariadb = true;
  replica.server.server_id = "9";
  ChannelStatus channel;
  channel.source_server_id = "1";
  replica.channels.push_back(channel);
  replica.applied = GtidPosition::parse(applied);
  replica.written = GtidPosition::parse(written);
  return replica;
}

SourceReading mariadb_source(const std::string& written, const std::string& known) {
  SourceReading source;
  source.mariadb = true;
  source.server_id = "1";
  source.written = GtidPosition::parse(written);
  source.known = GtidPosition::parse(known);
  source.received = GtidPosition::parse(known);
  source.known.add(source.written);
  source.logged = source.known;
  return source;
}

// Without log_slave_updates: what it received stands in no log of its own.
SourceReading mariadb_source_between(const std::string& written, const std::string& received) {
  SourceReading source = mariadb_source(written, received);
  source.server_id = "2";
  source.logged = source.written;
  source.logs_received = false;
  return source;
}

}  // namespace

TEST_CASE("MySQL, one source") {
  struct Row {
    const char* what;
    std::string replica, source;
    std::uint64_t behind, errant;
    std::string names;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {"in sync", a + ":1-9", a + ":1-9", 0, 0, ""},
      {"nothing written yet", "", "", 0, 0, ""},
      {"the source went on", a + ":1-7", a + ":1-9", 2, 0, ""},
      {"written here", a + ":1-9," + r + ":1-2", a + ":1-9", 0, 2, r + ":1-2"},
      {"the source lost some", a + ":1-9", a + ":1-7", 0, 2, a + ":8-9"},
      {"from a server that neither names", a + ":1-9," + x + ":5", a + ":1-9", 0, 1, x + ":5"},
      {"handed on from above", a + ":1-9," + x + ":1-5", a + ":1-9," + x + ":1-6", 1, 0, ""},
      {"tagged", a + ":1-9:app:1", a + ":1-9", 0, 1, a + ":app:1"},
      {"behind and errant", a + ":1-7," + r + ":1", a + ":1-9", 2, 1, r + ":1"},
      {"many", a + ":1:3:5:7:9:11", a + ":2", 1, 6, a + ":1:3:5 and 3 more"},
  }));
  CAPTURE(row.what);
  const ReplicaReading replica = mysql_replica(row.replica);
  const Comparison found = compare(replica, &replica.channels[0], mysql_source(a, row.source), {});
  CHECK(found.behind == row.behind);
  const Errant errant = both(found.own, found.received);
  CHECK(errant.count == row.errant);
  CHECK(errant.names == row.names);
}

TEST_CASE("MySQL, one of two sources: only what is its own counts") {
  struct Row {
    const char* what;
    std::string replica, east, west_retrieved, west;
    std::uint64_t errant;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {"in sync with both", a + ":1-9," + b + ":1-5", a + ":1-9", b + ":1-5", b + ":1-5", 0},
      {"written here", a + ":1-9," + b + ":1-5," + r + ":1", a + ":1-9", b + ":1-5", b + ":1-5", 1},
      {"east lost some", a + ":1-9," + b + ":1-5", a + ":1-8", b + ":1-5", b + ":1-5", 1},
      {"east once followed west", a + ":1-9," + b + ":1-5", a + ":1-9," + b + ":1-3", b + ":4-5", "", 0},
      {"both know a third", a + ":1-9," + x + ":1-9", a + ":1-9," + x + ":1-8", "", x + ":1-9", 0},
      {"only east knows a third", a + ":1-9," + x + ":1-9", a + ":1-9," + x + ":1-8", "", "", 1},
  }));
  CAPTURE(row.what);
  const ReplicaReading replica = mysql_replica_of_two(row.replica, row.west_retrieved);
  const SourceReading west = mysql_source(b, row.west);
  const Comparison found = compare(replica, &replica.channels[0], mysql_source(a, row.east), {&west});
  CHECK(both(found.own, found.received).count == row.errant);
}

TEST_CASE("MariaDB, one source") {
  struct Row {
    const char* what;
    const char *applied, *written, *source, *source_known;
    std::uint64_t behind, errant;
    const char* names;
  };
  const auto row = GENERATE(values<Row>({
      {"in sync", "0-1-9", "0-1-9", "0-1-9", "", 0, 0, ""},
      {"nothing written yet", "", "", "", "", 0, 0, ""},
      {"the source went on", "0-1-7", "0-1-7", "0-1-9", "", 2, 0, ""},
      {"two domains", "0-1-7,3-1-1", "", "0-1-9,3-1-4", "", 5, 0, ""},
      {"a domain that the replica has not begun", "0-1-9", "", "0-1-9,3-1-4", "", 4, 0, ""},
      {"written here", "0-1-9", "0-1-9,0-9-12", "0-1-9", "", 0, 3, "0-9-12"},
      {"written here, the source went on", "0-1-20", "0-1-20,0-9-12", "0-1-20", "", 0, 1, "0-9-12"},
      {"written here, the source took the same number", "0-1-13", "0-1-13,0-9-13", "0-1-13", "", 0, 1,
       "0-9-13"},
      {"written here in a domain of its own", "0-1-9", "0-1-9,4-9-2", "0-1-9", "", 0, 2, "4-9-2"},
      {"the source lost some", "0-1-9", "0-1-9", "0-1-7", "", 0, 2, "0-1-9"},
      {"the replica was the source once", "0-1-9", "0-1-9,0-9-5", "0-1-9", "0-9-5", 0, 0, ""},
      {"the server between wrote, the source went on", "0-1-60", "0-1-60,0-5-26", "0-1-60", "", 0, 1,
       "0-5-26"},
      {"a source of old, before a position the source came to by replication", "0-1-9", "0-1-9,0-5-4",
       "0-1-9", "0-7-6", 0, 0, ""},
      {"a server of which the source has less", "0-1-9", "0-1-9,0-5-4", "0-1-9", "0-5-3", 0, 1, "0-5-4"},
      {"no binary log on the replica", "0-1-9", "", "0-1-9", "", 0, 0, ""},
      {"handed on from above", "0-5-9", "0-5-9", "0-5-9", "", 0, 0, ""},
  }));
  CAPTURE(row.what);
  const ReplicaReading replica = mariadb_replica(row.applied, row.written);
  const Comparison found =
      compare(replica, &replica.channels[0], mariadb_source(row.source, row.source_known), {});
  CHECK(found.behind == row.behind);
  const Errant errant = both(found.own, found.received);
  CHECK(errant.count == row.errant);
  CHECK(errant.names == row.names);
}

TEST_CASE("MariaDB, a source that does not hand on what it receives") {
  struct Row {
    const char* what;
    const char *applied, *written, *source, *received;
    bool follows_nobody;
    std::optional<std::uint64_t> behind;  // nothing: positions do not tell
  };
  const auto row = GENERATE(values<Row>({
      {"nothing came at all", "", "", "", "0-1-52", false, 52},
      {"some came while it followed the first source itself", "0-1-10", "", "", "0-1-52", false, 42},
      {"it followed the first source itself, and logs", "0-1-52", "0-1-52", "", "0-1-52", false, 0},
      {"it has all, and does not log", "0-1-52", "", "", "0-1-52", false, 0},
      {"the source wrote, and its position covers the rest", "0-2-53", "", "0-2-53", "0-1-52", false,
       std::nullopt},
      {"the same, and the replica's log has the rest", "0-2-53", "0-1-52,0-2-53", "0-2-53", "0-1-52", false,
       0},
      {"the same, and its log has some of the rest", "0-2-53", "0-1-40,0-2-53", "0-2-53", "0-1-52", false,
       std::nullopt},
      {"neither came", "", "", "0-2-53", "0-1-52", false, 53},
      {"the source wrote first", "0-2-9", "", "0-2-9", "0-1-52", false, 43},
      {"moved here when the source was promoted", "0-2-53", "", "0-2-53", "0-1-52", true, 0},
      {"the same, and the source went on", "0-2-53", "", "0-2-60", "0-1-52", true, 7},
      {"moved here with its old position", "0-1-52", "", "0-2-60", "0-1-52", true, 8},
      {"a position that is not the source's", "0-9-60", "", "0-2-53", "0-1-52", true, std::nullopt},
      {"a domain for each", "1-2-5", "", "1-2-5", "0-1-52", false, 52},
      {"a domain for each, and both came", "0-1-52,1-2-5", "", "1-2-5", "0-1-52", false, 0},
      {"two that follow each other", "0-2-53", "0-9-52", "0-2-53", "0-9-52", false, 0},
  }));
  CAPTURE(row.what);
  ReplicaReading replica = mariadb_replica(row.applied, row.written);
  replica.channels[0].source_server_id = "2";
  SourceReading source = mariadb_source_between(row.source, row.received);
  source.follows_nobody = row.follows_nobody;
  const Comparison found = compare(replica, &replica.channels[0], source, {});
  CHECK(found.behind == row.behind);
  CHECK(found.behind_unknown.empty() == row.behind.has_value());
  SECTION("with log_slave_updates the position stands for all") {
    SourceReading logging = source;
    logging.logs_received = true;
    logging.logged = logging.known;
    const auto all = compare(replica, &replica.channels[0], logging, {}).behind;
    if (row.behind == std::nullopt && row.applied != std::string("0-9-60")) CHECK(all == 0u);
  }
}

TEST_CASE("MariaDB, the first source of a chain") {
  struct Row {
    const char* what;
    const char *applied, *written, *first;
    std::optional<std::uint64_t> behind;
  };
  const auto row = GENERATE(values<Row>({
      {"all was handed on", "0-1-52", "", "0-1-52", 0},
      {"a position beyond, written between", "0-2-53", "", "0-1-52", std::nullopt},
      {"the same, and the replica's log has it", "0-2-53", "0-1-52,0-2-53", "0-1-52", 0},
      {"a position before", "0-2-49", "", "0-1-52", 3},
      {"nothing came", "", "", "0-1-52", 52},
  }));
  CAPTURE(row.what);
  ReplicaReading replica = mariadb_replica(row.applied, row.written);
  replica.channels[0].source_server_id = "2";
  CHECK(compare(replica, &replica.channels[0], mariadb_source(row.first, ""), {}).behind == row.behind);
}

TEST_CASE("MariaDB, two that write in one domain at a time") {
  ReplicaReading replica = mariadb_replica("0-1-100", "");
  const SourceReading source = mariadb_source("0-2-100", "0-1-100");
  CHECK(compare(replica, &replica.channels[0], source, {}).behind == 1u);
  replica.channels[0].source_server_id = "5";
  CHECK(compare(replica, &replica.channels[0], source, {}).behind == std::nullopt);
}

TEST_CASE("MariaDB, what a source does not hand on may come through another channel") {
  ReplicaReading replica = mariadb_replica("1-2-5", "");
  replica.channels.push_back(replica.channels[0]);
  replica.channels[0].source_server_id = "2";
  const SourceReading between = mariadb_source_between("1-2-5", "0-1-52");
  const SourceReading first = mariadb_source("0-1-52", "");
  CHECK(compare(replica, &replica.channels[0], between, {&first}).behind == 0u);
  CHECK(compare(replica, &replica.channels[1], first, {&between}).behind == 52u);
}

TEST_CASE("MariaDB, one of two sources: only its domains count") {
  struct Row {
    const char* what;
    const char *applied, *written, *east;
    std::vector<std::string> only, ignored;
    std::uint64_t behind, errant;
  };
  const auto row = GENERATE(values<Row>({
      {"in sync", "0-1-9,1-2-5", "0-1-9,1-2-5", "0-1-9", {}, {}, 0, 0},
      {"the other one's domain is no concern", "0-1-9,1-2-5", "", "0-1-9", {}, {}, 0, 0},
      {"written here", "0-1-9,1-2-5", "0-1-9,7-9-1", "0-1-9", {}, {}, 0, 1},
      {"east lost some", "0-1-9,1-2-5", "", "0-1-8", {}, {}, 0, 1},
      {"only one domain is asked for", "0-1-9", "", "0-1-10,1-2-5", {"0"}, {}, 1, 0},
      {"a domain is ignored", "0-1-9", "", "0-1-10,1-2-5", {}, {"1"}, 1, 0},
  }));
  CAPTURE(row.what);
  ReplicaReading replica = mariadb_replica(row.applied, row.written);
  replica.channels.push_back(replica.channels[0]);
  replica.channels[1].source_server_id = "2";
  replica.channels[0].only_domains = row.only;
  replica.channels[0].ignored_domains = row.ignored;
  const SourceReading west = mariadb_source("1-2-5", "");
  const Comparison found = compare(replica, &replica.channels[0], mariadb_source(row.east, ""), {&west});
  CHECK(found.behind == row.behind);
  CHECK(both(found.own, found.received).count == row.errant);
}

TEST_CASE("MariaDB, two sources that share a domain") {
  struct Row {
    const char* what;
    const char *applied, *written, *east, *east_known, *only_of_west;
    std::optional<std::uint64_t> behind;  // nothing: it cannot be known
  };
  const auto row = GENERATE(values<Row>({
      {"all of it is in the binary log", "0-2-49", "0-1-1,0-2-49", "0-1-1", "", "", 0},
      {"the other one's position stands there", "0-2-49", "0-1-1,0-2-49", "0-1-31", "", "", std::nullopt},
      {"its own position stands there", "0-1-91", "0-1-91,0-2-49", "0-1-95", "", "", 4},
      {"no binary log on the replica", "0-2-49", "", "0-1-1", "", "", std::nullopt},
      {"both sources carry the same stream", "0-2-49", "", "0-1-52", "0-2-49", "", 3},
      {"the other channel leaves the domain out", "0-2-49", "", "0-1-52", "", "7", 3},
  }));
  CAPTURE(row.what);
  ReplicaReading replica = mariadb_replica(row.applied, row.written);
  replica.channels.push_back(replica.channels[0]);
  replica.channels[1].source_server_id = "2";
  if (*row.only_of_west) replica.channels[1].only_domains = {row.only_of_west};
  const SourceReading east = mariadb_source(row.east, row.east_known);
  if (row.behind) {
    const Comparison found = compare(replica, &replica.channels[0], east, {});
    CHECK(found.behind == *row.behind);
    if (!*row.only_of_west) CHECK(both(found.own, found.received).count == 0);
  } else {
    CHECK_THROWS_WITH(compare(replica, &replica.channels[0], east, {}),
                      Catch::Contains("channels share domain 0"));
  }
}

TEST_CASE("what cannot be compared says why") {
  using Catch::Contains;
  const ReplicaReading mysql = mysql_replica(a + ":1-9");
  const ReplicaReading mariadb = mariadb_replica("0-1-9", "");
  SourceReading without = mysql_source(a, "");
  without.keeps_gtids = false;
  SourceReading no_log = mariadb_source("", "");
  no_log.binary_log = no_log.keeps_gtids = false;
  CHECK_THROWS_WITH(compare(mysql, nullptr, mariadb_source("0-1-9", ""), {}), Contains("cannot be compared"));
  CHECK_THROWS_WITH(compare(mariadb, nullptr, mysql_source(a, ""), {}), Contains("cannot be compared"));
  CHECK_THROWS_WITH(compare(mysql, nullptr, without, {}), Contains("gtid_mode"));
  CHECK_THROWS_WITH(compare(mariadb, nullptr, no_log, {}), Contains("no binary log"));
  without.gtid_mode = "OFF_PERMISSIVE";
  CHECK_THROWS_WITH(compare(mysql, nullptr, without, {}), Contains("gtid_mode=OFF_PERMISSIVE"));
  ReplicaReading permissive = mysql;
  permissive.server.gtid_mode = "OFF_PERMISSIVE";
  CHECK_THROWS_WITH(compare(permissive, nullptr, mysql_source(a, ""), {}),
                    Contains("the replica keeps no GTIDs"));
  CHECK_THROWS_WITH(compare(mysql, nullptr, mysql_source(r, ""), {}), Contains("that is the replica itself"));
  SourceReading itself = mariadb_source("0-1-9", "");
  itself.server_id = "9";
  CHECK_THROWS_WITH(compare(mariadb, nullptr, itself, {}), Contains("that is the replica itself"));
  CHECK_THROWS_WITH(compare(mysql_replica("garbage"), nullptr, mysql_source(a, ""), {}), Contains("garbage"));
}

TEST_CASE("without a binary log the replica's own transactions are not seen") {
  ReplicaReading mysql = mysql_replica(a + ":1-9");
  ReplicaReading mariadb = mariadb_replica("0-1-9", "");
  CHECK(compare(mysql, nullptr, mysql_source(a, a + ":1-9"), {}).own_is_seen);
  CHECK(compare(mariadb, nullptr, mariadb_source("0-1-9", ""), {}).own_is_seen);
  mysql.server.binary_log = mariadb.server.binary_log = false;
  CHECK_FALSE(compare(mysql, nullptr, mysql_source(a, a + ":1-9"), {}).own_is_seen);
  CHECK_FALSE(compare(mariadb, nullptr, mariadb_source("0-1-9", ""), {}).own_is_seen);
}

TEST_CASE("the channel that leads to a source") {
  const ReplicaReading two = mysql_replica_of_two("", "");
  CHECK(channel_of(two, mysql_source(b, "")) == &two.channels[1]);
  CHECK(channel_of(two, mysql_source(x, "")) == nullptr);
  const ReplicaReading one = mysql_replica("");
  CHECK(channel_of(one, mysql_source(x, "")) == &one.channels[0]);
  CHECK(is_source_of(one.channels[0], mysql_source(a, "")));
  CHECK_FALSE(is_source_of(one.channels[0], mysql_source(b, "")));
  CHECK(knows_its_source(one.channels[0]));
  const ReplicaReading mariadb = mariadb_replica("", "");
  CHECK(is_source_of(mariadb.channels[0], mariadb_source("", "")));
  CHECK(knows_its_source(mariadb.channels[0]));
  ChannelStatus fresh;
  CHECK_FALSE(knows_its_source(fresh));
  fresh.source_server_id = "0";
  CHECK_FALSE(knows_its_source(fresh));
}

TEST_CASE("a replica of this server is no source, unless the two follow each other") {
  const ReplicaReading replica = mysql_replica(a + ":1-9");
  ChannelStatus back;
  back.source_uuid = r;
  SourceReading downstream = mysql_source(b, a + ":1-9");
  downstream.channels = {back};
  CHECK_THROWS_WITH(compare(replica, nullptr, downstream, {}), Catch::Contains("a replica of this server"));
  SourceReading ring = mysql_source(a, a + ":1-9");
  ring.channels = {back};
  CHECK(compare(replica, nullptr, ring, {}).behind == 0);
  SourceReading above = mysql_source(x, a + ":1-9");
  CHECK(compare(replica, nullptr, above, {}).behind == 0);
}

TEST_CASE("gtid_mode: which write GTIDs") {
  CHECK(has_gtids("ON"));
  CHECK(has_gtids("ON_PERMISSIVE"));
  CHECK_FALSE(has_gtids("OFF_PERMISSIVE"));
  CHECK_FALSE(has_gtids("OFF"));
}
