#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

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

using Status = std::optional<ReplicaStatus>;

Status channels_to(std::vector<std::uint64_t> sources) {
  ReplicaStatus status;
  for (const std::uint64_t source : sources) status.channels.push_back({"", source, 0});
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
