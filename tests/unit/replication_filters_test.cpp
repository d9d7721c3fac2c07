#include <catch2/catch.hpp>

#include "evenkeel/text.h"
#include "fakes/recorded_answer.h"
#include "filters.h"
#include "source_comparison.h"

using namespace evenkeel::replication;
using Catch::Contains;
using evenkeel::mysql::GtidPosition;
using fakes::recorded_answer;
using fakes::with;
using std::nullopt;

namespace {

const std::vector<std::string> of_both{"Replicate_Do_DB",         "Replicate_Ignore_DB",
                                       "Replicate_Do_Table",      "Replicate_Ignore_Table",
                                       "Replicate_Wild_Do_Table", "Replicate_Wild_Ignore_Table",
                                       "Replicate_Rewrite_DB",    "Replicate_Ignore_Server_Ids"};
const std::vector<std::string> of_mariadb{"Replicate_Do_Domain_Ids", "Replicate_Ignore_Domain_Ids"};

ReplicaReading replica_with(const std::string& position, std::vector<std::string> servers,
                            std::vector<std::string> only, std::vector<std::string> ignored) {
  ReplicaReading replica;
  replica.version.mariadb = true;
  replica.server.server_id = "9";
  ChannelStatus channel;
  channel.source_server_id = "1";
  channel.received_position = position;
  const auto add = [&](const char* option, const std::vector<std::string>& list) {
    std::string text;
    for (const std::string& item : list) text += (text.empty() ? "" : ", ") + item;
    if (!text.empty()) channel.filters.push_back({option, text});
  };
  add("replicate_ignore_server_ids", servers);
  add("replicate_do_domain_ids", only);
  add("replicate_ignore_domain_ids", ignored);
  channel.ignored_servers = std::move(servers);
  channel.only_domains = std::move(only);
  channel.ignored_domains = std::move(ignored);
  replica.channels.push_back(channel);
  return replica;
}

}  // namespace

TEST_CASE("every filter of the status is read, by its own name") {
  for (const char* recorded : {"mariadb-10.11-healthy", "mysql-9.7-healthy"}) {
    const evenkeel::mysql::Rows rows = recorded_answer(recorded);
    CHECK(channels_from(rows)[0].filters.empty());
    std::vector<std::string> columns = of_both;
    if (speaks_mariadb(rows)) columns.insert(columns.end(), of_mariadb.begin(), of_mariadb.end());
    for (const std::string& column : columns) {
      CAPTURE(recorded, column);
      const auto channels = channels_from(with(rows, column, "7,8"));
      REQUIRE(channels[0].filters.size() == 1);
      CHECK(channels[0].filters[0].option == evenkeel::lower(column));
      CHECK(filters_text(channels[0]) == evenkeel::lower(column) + "=7,8");
      CHECK(channels[0].ignored_servers.size() == (column == "Replicate_Ignore_Server_Ids" ? 2 : 0));
    }
  }
}

TEST_CASE("many filters and long ones are bounded, and add no line") {
  ChannelStatus channel;
  for (int i = 0; i < 5; ++i) channel.filters.push_back({"replicate_do_db", std::string(500, 'x') + "\n|"});
  CHECK(filters_text(channel).size() < 300);
  CHECK_THAT(filters_text(channel), Contains(" and 2 more") && !Contains("\n"));
}

TEST_CASE("a channel that leaves out all that its source writes") {
  struct Row {
    const char* what;
    const char* position;
    std::vector<std::string> servers, only, ignored;
    std::optional<std::string> filter;
  };
  const auto row = GENERATE(values<Row>({
      {"no filter", "0-1-9", {}, {}, {}, nullopt},
      {"its source's id", "0-1-9", {"1"}, {}, {}, "replicate_ignore_server_ids=1"},
      {"its source's id among others", "0-1-9", {"5", "1"}, {}, {}, "replicate_ignore_server_ids=5, 1"},
      {"its source's id, and nothing came", "", {"1"}, {}, {}, "replicate_ignore_server_ids=1"},
      {"its source's id, no positions", "nonsense", {"1"}, {}, {}, "replicate_ignore_server_ids=1"},
      {"its source's id, a server behind it", "0-7-9", {"1"}, {}, {}, nullopt},
      {"its source's id, a server behind it in a domain of its own", "0-1-9,3-7-2", {"1"}, {}, {}, nullopt},
      {"its source's id, and the one behind it, too",
       "0-7-9",
       {"1", "7"},
       {},
       {},
       "replicate_ignore_server_ids=1, 7"},
      {"its source's id, the replica's own come back",
       "0-9-9",
       {"1"},
       {},
       {},
       "replicate_ignore_server_ids=1"},
      {"another server's id", "0-1-9", {"5"}, {}, {}, nullopt},
      {"an id that begins like the source's", "0-1-9", {"11"}, {}, {}, nullopt},
      {"its source's domain", "0-1-9", {}, {}, {"0"}, "replicate_ignore_domain_ids=0"},
      {"its source's domain is not asked for", "0-1-9", {}, {"3"}, {}, "replicate_do_domain_ids=3"},
      {"its source's domain is asked for", "0-1-9", {}, {"0"}, {}, nullopt},
      {"one of its source's two domains", "0-1-9,3-1-4", {}, {}, {"3"}, nullopt},
      {"both of them", "0-1-9,3-1-4", {}, {}, {"0", "3"}, "replicate_ignore_domain_ids=0, 3"},
      {"its source's domain, a server behind it", "0-1-9,3-7-4", {}, {}, {"0"}, nullopt},
      {"a domain of which nothing came", "", {}, {}, {"0"}, nullopt},
      {"another server's domain", "0-1-9,3-7-4", {}, {}, {"3"}, nullopt},
      {"only another server's has come so far", "3-7-4", {}, {"0"}, {}, nullopt},
  }));
  CAPTURE(row.what);
  const ReplicaReading replica = replica_with(row.position, row.servers, row.only, row.ignored);
  CHECK(filter_of_all(replica, replica.channels[0]) == row.filter);
}

TEST_CASE("what came through another channel does not show that this one lets anything through") {
  ReplicaReading replica = replica_with("0-1-9,3-2-4", {"1"}, {}, {});
  replica.channels.push_back(ChannelStatus{});
  replica.channels[1].source_server_id = "2";
  CHECK(filter_of_all(replica, replica.channels[0]) == "replicate_ignore_server_ids=1");
  CHECK(filter_of_all(replica, replica.channels[1]) == nullopt);
}

TEST_CASE("MySQL: a transaction of another server shows that somebody is behind the source") {
  ReplicaReading replica = replica_with("", {"1"}, {}, {});
  replica.channels[0].source_uuid = "AAAAAAAA-0000-0000-0000-000000000001";
  replica.channels[0].retrieved_gtid_set = "aaaaaaaa-0000-0000-0000-000000000001:1-9";
  CHECK(filter_of_all(replica, replica.channels[0]) == "replicate_ignore_server_ids=1");
  replica.channels[0].retrieved_gtid_set += ",bbbbbbbb-0000-0000-0000-000000000002:1";
  CHECK(filter_of_all(replica, replica.channels[0]) == nullopt);
}

TEST_CASE("a comparison says what a channel leaves out") {
  struct Row {
    const char* what;
    const char *applied, *source;
    std::vector<std::string> servers, only, ignored;
    std::optional<std::uint64_t> behind;
    std::string left_out;
  };
  const auto row = GENERATE(values<Row>({
      {"no filter", "0-1-9", "0-1-9", {}, {}, {}, 0, ""},
      {"the source's id", "0-1-9", "0-1-9", {"1"}, {}, {}, nullopt, ""},
      {"another id", "0-1-9", "0-1-9", {"5"}, {}, {}, 0, ""},
      {"its only domain", "0-1-9", "0-1-9", {}, {}, {"0"}, nullopt, "domain 0"},
      {"its only domain is not asked for", "0-1-7", "0-1-9", {}, {"3"}, {}, nullopt, "domain 0"},
      {"one of two", "0-1-7", "0-1-9,3-1-5", {}, {}, {"3"}, 2, "domain 3"},
      {"one of two is asked for", "0-1-7", "0-1-9,3-1-5", {}, {"3"}, {}, 5, "domain 0"},
      {"nothing written yet", "", "", {}, {}, {"0"}, 0, ""},
  }));
  CAPTURE(row.what);
  ReplicaReading replica = replica_with("", row.servers, row.only, row.ignored);
  replica.applied = GtidPosition::parse(row.applied);
  SourceReading source;
  source.mariadb = true;
  source.server_id = "1";
  source.written = source.known = source.logged = GtidPosition::parse(row.source);
  const Comparison found = compare(replica, &replica.channels[0], source, {});
  CHECK(found.behind == row.behind);
  CHECK(found.behind_unknown.empty() == row.behind.has_value());
  CHECK(found.left_out == row.left_out);
  SECTION("unless another channel takes it") {
    replica.channels.push_back(ChannelStatus{});
    CHECK(compare(replica, &replica.channels[0], source, {}).left_out.empty());
  }
}
