#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "applier.h"
#include "evenkeel/error.h"
#include "executed.h"
#include "fakes/canned_session.h"

using namespace evenkeel::table_sync;

namespace {

const Dialect mariadb{Family::mariadb, 101119};
const Dialect mysql{Family::mysql, 90700};

struct Maria {
  int id;
  const char* received;
  const char* logged;
  bool read_only;
  const char* state = "";

  Executed executed() const {
    return executed_from(mariadb, fakes::one_row({{"received", received},
                                                  {"logged", logged},
                                                  {"state", state},
                                                  {"id", std::to_string(id)},
                                                  {"read_only", read_only ? "1" : "0"}}));
  }
};

struct My {
  const char* uuid;
  const char* executed_set;
  bool read_only;

  Executed executed() const {
    return executed_from(
        mysql,
        fakes::one_row(
            {{"executed", executed_set}, {"uuid", uuid}, {"id", "1"}, {"read_only", read_only ? "1" : "0"}}));
  }
};

using Cell = evenkeel::mysql::Cell;
using Status = std::optional<ReplicaStatus>;

Status channels_to(std::vector<std::uint64_t> sources) {
  ReplicaStatus status;
  for (const std::uint64_t source : sources) status.channels.push_back({"", source, 0, "", "", 0});
  return status;
}

}  // namespace

TEST_CASE("What a MariaDB server waits for") {
  struct Case {
    const char* what;
    Maria to;
    Status status;  // nothing: the account may not see it
    std::vector<Maria> others;
    const char* target;
  };
  const Maria source{1, "", "0-1-100", false};
  const std::vector<Case> cases{
      {"a replica, for its source", {2, "0-1-90", "0-1-90", true}, {}, {source}, "0-1-100"},
      {"a source, for nothing", source, {}, {{2, "0-1-90", "0-1-90", true}}, ""},
      {"a source, not for its replica's errant transactions",
       source,
       {},
       {{2, "0-1-90", "0-2-91", true}},
       ""},
      {"a lagging reference, for its source",
       {2, "0-1-90", "", true},
       {},
       {{1, "", "0-1-100", false}},
       "0-1-100"},
      {"a sibling, for what the other has received",
       {3, "0-1-90", "", true},
       {},
       {{2, "0-1-95", "", true}},
       "0-1-95"},
      {"a sibling, not for the other's errant ones",
       {3, "0-1-90", "", true},
       {},
       {{2, "0-1-95", "0-2-96", true}},
       "0-1-95"},
      {"the end of a chain, for both",
       {3, "0-1-80", "", true},
       {},
       {source, {2, "0-1-90", "0-1-90", true}},
       "0-1-100"},
      {"a writable replica, for a source it has a trace of",
       {2, "0-1-90", "", false},
       {},
       {source},
       "0-1-100"},
      {"a former replica, now the source",
       {1, "0-2-50", "0-1-100", false},
       {},
       {{2, "0-1-90", "0-2-91", true}},
       ""},
      {"no replica, as its status says",
       {1, "0-2-50", "0-1-100", false},
       channels_to({}),
       {{2, "0-1-90", "0-2-91", true}},
       ""},
      {"a writable one whose status names the source",
       {2, "", "", false},
       channels_to({1}),
       {source},
       "0-1-100"},
      {"strangers with domains of their own", {2, "5-9-7", "", true}, {}, {{1, "6-8-3", "", true}}, ""},
      {"a server that never replicated", {2, "", "", true}, {}, {source}, ""},
      {"several domains", {3, "0-1-1,7-9-1", "", true}, {}, {{2, "0-1-5,7-9-3", "", true}}, "0-1-5,7-9-3"},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    std::vector<Executed> others;
    for (const Maria& other : c.others) others.push_back(other.executed());
    std::vector<const Executed*> pointers;
    for (const Executed& other : others) pointers.push_back(&other);
    CHECK(wait_target(c.to.executed(), c.status, pointers).gtids == c.target);
  }
}

TEST_CASE("What a MySQL server waits for") {
  struct Case {
    const char* what;
    My to;
    std::vector<My> others;
    const char* target;
  };
  const My source{"a", "a:1-100", false};
  const std::vector<Case> cases{
      {"a replica, for its source", {"b", "a:1-90", true}, {source}, "a:1-100"},
      {"a source, for nothing", source, {{"b", "a:1-90", true}}, ""},
      {"a source, not for errant transactions", source, {{"b", "a:1-90,\nb:1-2", true}}, ""},
      {"a source with an old life, for what is its own",
       {"a", "a:1-100,z:1-5", false},
       {{"b", "a:1-90,z:1-5", true}},
       "z:1-5"},
      {"a lagging reference, for its source", {"b", "a:1-90", true}, {source}, "a:1-100"},
      {"a sibling, not for the other's errant ones",
       {"c", "a:1-90", true},
       {{"b", "a:1-95,b:1", true}},
       "a:1-95"},
      {"not for what a third server wrote elsewhere", {"c", "x:1-9", true}, {{"b", "y:1-5", true}}, ""},
      {"members of a group", {"c", "g:1-90", true}, {{"b", "g:1-95:99", false}}, "g:1-95:99"},
      {"sets with tags", {"b", "a:1-90", true}, {{"a", "a:1-100:tag:1-3", false}}, "a:1-100:tag:1-3"},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    std::vector<Executed> others;
    for (const My& other : c.others) others.push_back(other.executed());
    std::vector<const Executed*> pointers;
    for (const Executed& other : others) pointers.push_back(&other);
    CHECK(wait_target(c.to.executed(), std::nullopt, pointers).gtids == c.target);
  }
}

TEST_CASE("Where there are no GTIDs, a replica waits for file and position of its source") {
  Executed source = My{"a", "", false}.executed();
  source.file = "binlog.000003";
  source.position = 157;
  const Executed replica = My{"b", "", true}.executed();
  CHECK(
      wait_target(replica, std::nullopt, {&source}).empty());  // the account may not see whose replica it is
  CHECK(wait_target(replica, channels_to({7}), {&source}).empty());
  const WaitTarget target = wait_target(replica, channels_to({1}), {&source});
  CHECK(target.files == std::vector<WaitTarget::File>{{"", "binlog.000003", 157}});
  CHECK(wait_sql(mysql, target, 0.5) ==
        "SELECT COALESCE(SOURCE_POS_WAIT(_utf8mb4 x'62696e6c6f672e303030303033', 157, 1, _utf8mb4 x''), -1) "
        ">= 0 AS "
        "reached");
}

TEST_CASE("Families do not wait for each other") {
  const Executed maria = Maria{1, "", "0-1-100", false}.executed(), my = My{"b", "a:1-3", true}.executed();
  CHECK(wait_target(my, std::nullopt, {&maria}).empty());
}

TEST_CASE("What is no position is an error, and never part of a statement") {
  for (const char* text : {"0-1", "0-1-x", "'); drop table t; --", "a-b-c"}) {
    INFO(text);
    CHECK_THROWS_AS((Maria{1, text, "", false}.executed()), evenkeel::Error);
  }
  for (const char* text : {"a", "a:1'", "a:1)", "a:1;"}) {
    INFO(text);
    CHECK_THROWS_AS((My{"u", text, false}.executed()), evenkeel::Error);
  }
}

TEST_CASE("Waiting is a SELECT with a limit") {
  CHECK(wait_sql(mariadb, {"0-1-5", {}}, 0.5) == "SELECT MASTER_GTID_WAIT('0-1-5', 0.500) = 0 AS reached");
  CHECK(wait_sql(mysql, {"a:1-5", {}}, 0.5) ==
        "SELECT WAIT_FOR_EXECUTED_GTID_SET('a:1-5', 0.500) = 0 AS reached");
  CHECK(reached_from(fakes::one_row({{"reached", "1"}})));
  CHECK_FALSE(reached_from(fakes::one_row({{"reached", "0"}})));
  CHECK_FALSE(reached_from(fakes::one_row({{"reached", std::nullopt}})));
}

namespace {

// One of the servers of a case, of either family, with what an account sees that may SELECT alone.
struct Seen {
  Maria maria;
  My my;
  std::optional<bool> applies;

  Executed executed(Family family) const {
    Executed executed = family == Family::mariadb ? maria.executed() : my.executed();
    executed.applies = applies;
    return executed;
  }
};

std::string target(Family family, const Seen& to, const std::vector<Seen>& others) {
  std::vector<Executed> executed;
  for (const Seen& other : others) executed.push_back(other.executed(family));
  std::vector<const Executed*> pointers;
  for (const Executed& other : executed) pointers.push_back(&other);
  return wait_target(to.executed(family), std::nullopt, pointers).gtids;
}

}  // namespace

TEST_CASE("After a switchover nobody waits for a source that applies nothing") {
  // Server 1 (a) was the source, server 2 (b) is: each has what the other wrote. 1 wrote something since.
  const auto old_source = [](bool read_only, std::optional<bool> applies) {
    return Seen{
        {1, "0-2-60", "0-1-61", read_only, "0-1-61,0-2-60"}, {"a", "a:1-51,b:1-10", read_only}, applies};
  };
  const auto new_source = [](bool read_only, std::optional<bool> applies) {
    return Seen{
        {2, "0-1-50", "0-2-60", read_only, "0-1-50,0-2-60"}, {"b", "a:1-50,b:1-10", read_only}, applies};
  };
  for (const Family family : {Family::mariadb, Family::mysql}) {
    const bool maria = family == Family::mariadb;
    INFO((maria ? "MariaDB" : "MySQL"));
    const std::string errant = maria ? "0-1-61" : "a:1-51", all = maria ? "0-2-60" : "b:1-10";
    // Whichever takes writes: an SQL thread runs on one of them only.
    for (const bool writable : {false, true}) {
      INFO((writable ? "both take writes" : "the replica is read-only"));
      CHECK(target(family, new_source(false, false), {old_source(!writable, true)}).empty());
      CHECK(target(family, old_source(!writable, true), {new_source(false, false)}).find(all) !=
            std::string::npos);
    }
    // Nothing runs on either: the one that stopped may be either.
    CHECK(target(family, new_source(false, false), {old_source(false, false)}).find(errant) !=
          std::string::npos);
    CHECK(target(family, new_source(false, false), {old_source(true, false)}).empty());
    // Threads run on both: a ring, and both wait.
    CHECK(target(family, new_source(false, true), {old_source(false, true)}).find(errant) !=
          std::string::npos);
    // It is not known whether anything runs.
    CHECK(target(family, new_source(false, {}), {old_source(false, {})}).find(errant) != std::string::npos);
    // Half switched: the old source is read-only already, the new one applies the rest.
    CHECK(target(family, new_source(false, true), {old_source(true, false)}).find(errant) !=
          std::string::npos);
  }
}

TEST_CASE("What a third server passed on is judged by who wrote it") {
  const Seen source{{2, "0-1-50", "0-2-60", false, "0-1-50,0-2-60"}, {"b", "a:1-50,b:1-10", false}, false};
  const Seen middle{{1, "0-2-60", "0-1-61", true, "0-1-61,0-2-60"}, {"a", "a:1-51,b:1-10", true}, true};
  const Seen end{{3, "0-1-61", "", true, "0-1-61,0-2-60"}, {"c", "a:1-51,b:1-10", true}, true};
  for (const Family family : {Family::mariadb, Family::mysql}) {
    INFO((family == Family::mariadb ? "MariaDB" : "MySQL"));
    CHECK(target(family, source, {middle, end}).empty());
    CHECK(target(family, source, {end, middle}).empty());
    // Also where its writer is not compared: it can only have come from below.
    CHECK(target(family, source, {end}).empty());
    // A sibling that stopped waits for what the other has received.
    const Seen stopped{{4, "0-2-55", "", true, "0-2-55"}, {"d", "a:1-50,b:1-5", true}, false};
    CHECK_FALSE(target(family, stopped, {end}).empty());
  }
}

TEST_CASE("Whether an SQL thread runs is seen without a privilege") {
  fakes::CannedServer server;
  fakes::CannedSession session(server);
  const auto maria = [&](const char* count) {
    server.answer("SHOW GLOBAL STATUS", fakes::variables({{"Slaves_running", count}}));
    return applier_runs(mariadb, session, {});
  };
  CHECK(maria("0") == false);
  CHECK(maria("2") == true);
  CHECK(maria("many") == std::nullopt);
  const auto my = [&](Cell passed) {
    server.answer("SELECT COALESCE", fakes::one_row({{"passed", passed}}));
    return applier_runs(mysql, session, {"it's"});
  };
  CHECK(my(std::nullopt) == false);
  CHECK(my("0") == true);
  CHECK(my("-1") == true);
  for (const auto& error : {fakes::syntax_error(), fakes::denied(1227)}) {
    server.answer("SHOW GLOBAL STATUS", error);
    CHECK(applier_runs(mariadb, session, {}) == std::nullopt);
    server.answer("SELECT COALESCE", error);
    CHECK(applier_runs(mysql, session, {}) == std::nullopt);
  }
  // Names of logs come from servers.
  CHECK(applier_sql(mysql, {"it's"}).find("it's") == std::string::npos);
  CHECK(applier_sql({Family::mysql, 80025}, {}).find("MASTER_POS_WAIT(") != std::string::npos);
}

TEST_CASE("Nobody waits on a replica of somebody else for a server that it has no history with") {
  Executed to, from;
  to.applies = true;
  to.read_only = true;
  to.family = from.family = Family::mysql;
  to.uuid = "b";
  to.sets = {{"b", "1"}, {"c", "1-10"}};
  from.uuid = "a";
  from.sets = {{"a", "1-5"}};
  CHECK_FALSE(own_may_reach(from, to, std::nullopt));
  // Anything of one origin on both is history in common; without a thread it may be a replica that stopped.
  from.sets["c"] = "1-3";
  CHECK(own_may_reach(from, to, std::nullopt));
  from.sets.erase("c");
  to.applies = false;
  CHECK(own_may_reach(from, to, std::nullopt));

  to = from = Executed();
  to.applies = true;
  to.read_only = true;
  to.server_id = 2;
  to.received = {{1, {3, 10}}};
  from.server_id = 7;
  from.own = {{4, {7, 5}}};
  CHECK_FALSE(own_may_reach(from, to, std::nullopt));
  from.received = {{1, {3, 9}}};
  CHECK(own_may_reach(from, to, std::nullopt));
}
