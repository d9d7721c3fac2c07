#include <catch2/catch.hpp>

#include "cluster_load.h"
#include "fakes/canned_session.h"

using namespace evenkeel::replication;
using fakes::one_row;
using fakes::variables;

TEST_CASE("a queue is a finding where it does not move between looks") {
  struct Row {
    const char* what;
    std::vector<ClusterLook> looks;
    bool applies_nothing, flow_control;
  };
  const auto row = GENERATE(values<Row>({
      {"one look does not tell", {{9, 100, true}}, false, false},
      {"nothing waits", {{0, 100, false}, {0, 100, false}}, false, false},
      {"it stands still", {{9, 100, false}, {9, 100, false}}, true, false},
      {"it grows, and nothing is applied", {{9, 100, false}, {12, 100, false}}, true, false},
      {"it moves", {{9, 100, false}, {9, 101, false}}, false, false},
      {"it moves at last", {{9, 100, false}, {9, 100, false}, {8, 101, false}}, false, false},
      {"it was emptied", {{9, 100, false}, {0, 100, false}}, false, false},
      {"it stands still after it moved", {{9, 100, false}, {9, 101, false}, {9, 101, false}}, false, false},
      {"flow control all the time", {{0, 100, true}, {0, 100, true}}, false, true},
      {"flow control for a moment", {{0, 100, true}, {0, 100, false}}, false, false},
      {"flow control again and again", {{0, 100, true}, {0, 100, false}, {0, 100, true}}, false, false},
      {"both", {{9, 100, true}, {9, 100, true}}, true, true},
  }));
  CAPTURE(row.what);
  ClusterWatch watch(row.looks[0]);
  for (std::size_t i = 1; i < row.looks.size(); ++i) watch.look_again(row.looks[i], static_cast<double>(i));
  const ClusterLoad load = watch.load();
  CHECK(load.applies_nothing == row.applies_nothing);
  CHECK(load.flow_control == row.flow_control);
  CHECK(load.waiting == static_cast<double>(row.looks.back().waiting));
}

TEST_CASE("a short watch does not tell") {
  ClusterWatch watch({9, 100, true});
  watch.look_again({9, 100, true}, 0.9);
  CHECK_FALSE(watch.load().applies_nothing);
  CHECK_FALSE(watch.load().flow_control);
  watch.look_again({9, 100, true}, 1.1);
  CHECK(watch.load().applies_nothing);
  CHECK(watch.load().flow_control);
}

TEST_CASE("what a node that tells less says is no 0") {
  CHECK_FALSE(galera_look(Variables(variables({{"wsrep_last_committed", "5"}}))));
  CHECK_FALSE(galera_look(Variables(variables({{"wsrep_local_recv_queue", "5"}}))));
  const auto look = galera_look(Variables(variables({{"wsrep_local_recv_queue", "24"},
                                                     {"wsrep_last_committed", "7"},
                                                     {"wsrep_flow_control_active", "true"}})));
  REQUIRE(look);
  CHECK(look->waiting == 24);
  CHECK(look->applied == 7);
  CHECK(look->flow_control);
  CHECK_FALSE(group_look(one_row({{"MEMBER_ID", "x"}})));  // MySQL 5.7
  CHECK_FALSE(group_look({}));
}

TEST_CASE("a group's counter alone does not tell of transactions that wait") {
  const auto row = [](const char* waiting) {
    return one_row({{"COUNT_TRANSACTIONS_REMOTE_IN_APPLIER_QUEUE", "3"},
                    {"COUNT_TRANSACTIONS_REMOTE_APPLIED", "9"},
                    {"evenkeel_waiting", waiting}});
  };
  CHECK(group_look(row(""))->waiting == 0);
  CHECK(group_look(row("3e11fa47-71ca-11e1-9e33-c80aa9429562:9"))->waiting == 3);
}
