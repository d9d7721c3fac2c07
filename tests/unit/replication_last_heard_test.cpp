#include <catch2/catch.hpp>

#include "fakes/canned_session.h"
#include "last_heard.h"

using namespace evenkeel::replication;
using fakes::one_row;
using std::nullopt;

TEST_CASE("MySQL's own times: the later of heartbeat and transaction, since the IO thread started") {
  using Cell = evenkeel::mysql::Cell;
  const auto [heartbeat, queued, queueing, thread, silence] =
      GENERATE(table<Cell, Cell, Cell, Cell, std::optional<double>>({
          {"990.000000", "0.000000", "0.000000", "500", 10},
          {"0.000000", "995.500000", "0.000000", "500", 4.5},
          {"990.000000", "900.000000", "0.000000", "500", 10},
          {"900.000000", "990.000000", "0.000000", "500", 10},
          {"900.000000", "0.000000", "0.000000", "7", 7},  // the thread was started after that heartbeat
          {"0.000000", "0.000000", "0.000000", "12", 12},  // connected, and nothing since
          {"0.000000", "0.000000", "0.000000", nullopt, nullopt},
          {"990.000000", "0.000000", "999.000000", "500", nullopt},  // in the middle of a transaction
          {"1001.000000", "0.000000", "0.000000", "500", 0},         // a clock that was set back
          {nullopt, nullopt, nullopt, nullopt, nullopt},
      }));
  CAPTURE(heartbeat, queued, queueing, thread);
  const LastHeardByChannel heard = last_heard_from(one_row({{"CHANNEL_NAME", "east"},
                                                            {"HEARTBEAT_INTERVAL", "30.000"},
                                                            {"NOW_AT", "1000.000000"},
                                                            {"HEARTBEAT_AT", heartbeat},
                                                            {"QUEUED_AT", queued},
                                                            {"QUEUEING_AT", queueing},
                                                            {"THREAD_SECONDS", thread}}));
  REQUIRE(heard.contains("east"));
  CHECK(heard.at("east").seconds == silence);
  CHECK(heard.at("east").period == 30.0);
}

TEST_CASE("now is read without going through local time, which repeats an hour in autumn") {
  CHECK_THAT(last_heard_query(), Catch::Contains("@@SESSION.timestamp AS NOW_AT"));
  CHECK_THAT(last_heard_query(), !Catch::Contains("NOW("));
}
