#include <catch2/catch.hpp>

#include "evenkeel/error.h"
#include "heartbeat_table.h"

using namespace evenkeel::replication;
using evenkeel::mysql::Rows;
using std::nullopt;

TEST_CASE("DB.TABLE is quoted, anything else is an error that names the option") {
  const auto [text, quoted] = GENERATE(table<std::string, std::string>({
      {"percona.heartbeat", "`percona`.`heartbeat`"},
      {"my db.heart`beat", "`my db`.`heart``beat`"},
      {"heartbeat", ""},
      {".heartbeat", ""},
      {"percona.", ""},
      {"a.b.c", ""},
      {"", ""},
  }));
  CAPTURE(text);
  if (quoted.empty())
    CHECK_THROWS_WITH(HeartbeatTable::parse(text, false), Catch::Contains("--heartbeat"));
  else
    CHECK(HeartbeatTable::parse(text, false).quoted == quoted);
}

TEST_CASE("ts is local time unless it is said to be UTC") {
  using Catch::Contains;
  CHECK_THAT(HeartbeatTable::parse("p.h", false).query(), Contains("h.ts, NOW(6)"));
  CHECK_THAT(HeartbeatTable::parse("p.h", true).query(), Contains("h.ts, UTC_TIMESTAMP(6)"));
}

TEST_CASE("the heartbeat that counts") {
  struct Row {
    const char* what;
    std::vector<Heartbeat> heartbeats;
    const char* source;
    bool only_channel;
    std::optional<double> age;
  };
  const auto row = GENERATE(values<Row>({
      {"the source's", {{"1", 5}, {"7", 2}}, "1", true, 5},
      {"the source's, of several channels", {{"1", 5}, {"7", 2}}, "7", false, 2},
      {"handed on by a source that has none: the latest", {{"8", 500}, {"7", 2}}, "1", true, 2},
      {"of several channels, none is guessed", {{"8", 500}, {"7", 2}}, "1", false, nullopt},
      {"never the replica's own", {{"2", 0}, {"7", 9}}, "1", true, 9},
      {"only the replica's own", {{"2", 0}}, "1", true, nullopt},
      {"a table without server_id", {{"", 4}}, "1", true, 4},
      {"a row with a time beats one without", {{"7", nullopt}, {"8", 3}}, "1", true, 3},
      {"an empty table", {}, "1", true, nullopt},
  }));
  CAPTURE(row.what);
  ChannelStatus channel;
  channel.source_server_id = row.source;
  const Heartbeat* const found = heartbeat_of(row.heartbeats, "", channel, row.only_channel, "2");
  REQUIRE((found != nullptr) == row.age.has_value());
  if (found != nullptr) CHECK(found->age == row.age);
}

TEST_CASE("ages are microseconds by the replica's clock") {
  const auto heartbeats =
      heartbeats_from(Rows{{"ts", "server_id", "evenkeel_age"},
                           {{"x", "1", "2500000"}, {"y", "2", "-1000"}, {"z", "3", nullopt}}});
  REQUIRE(heartbeats.size() == 3);
  CHECK(heartbeats[0].age == 2.5);
  CHECK(heartbeats[1].age == -0.001);
  CHECK_FALSE(heartbeats[2].age);
}

TEST_CASE("the heartbeat of the server asked for, and no other") {
  const std::vector<Heartbeat> heartbeats{{"1", 34560000}, {"7", 3}};
  ChannelStatus channel;
  channel.source_server_id = "1";
  CHECK(heartbeat_of(heartbeats, "7", channel, true, "2")->age == 3.0);
  CHECK(heartbeat_of(heartbeats, "8", channel, true, "2") == nullptr);
}
