// Two servers made from one image may give the same name, port, server_id and data directory.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "fakes/canned_session.h"
#include "same_server.h"

using namespace evenkeel;
using namespace evenkeel::table_sync;
using fakes::one_row;

namespace {

mysql::ServerIdentity mariadb() { return {"", "db", "3306", "1", "/var/lib/mysql/", {}}; }
mysql::ServerIdentity mysql97(const std::string& uuid) {
  return {uuid, "db", "3306", "1", "/var/lib/mysql/", {}};
}

struct Answers {
  mysql::Cell holder = {};  // what the other says of a lock that the first one holds
  bool locks = true;        // Galera takes none
  double uptime = 100, other_uptime = 100;
};

// Why the second of two servers is left out; empty where it is not.
std::string why_left_out(const mysql::ServerIdentity& a, const mysql::ServerIdentity& b,
                         const Answers& answers) {
  const auto connector = std::make_shared<fakes::CannedConnector>();
  std::vector<mysql::Login> logins;
  std::vector<LaneOptions> lanes;
  const Deadline deadline = Deadline::after(std::chrono::seconds(10));
  const auto stop = std::make_shared<StopRequest>(deadline, deadline);
  Addresses addresses;
  for (const std::string host : {"one", "two"}) {
    mysql::Login login;
    login.name = login.host = host;
    logins.push_back(login);
    auto server = std::make_shared<fakes::CannedServer>();
    server->answer("SET ", mysql::Rows{})
        .answer("SELECT CONNECTION_ID()", one_row({{"id", "7"}}))
        .answer("SELECT IS_USED_LOCK", one_row({{"holder", answers.holder}}))
        .answer("SELECT RELEASE_LOCK", one_row({{"released", "1"}}))
        .answer("SHOW GLOBAL STATUS LIKE 'Uptime'",
                one_row({{"Variable_name", "Uptime"},
                         {"Value", std::to_string(host == "one" ? answers.uptime : answers.other_uptime)}}));
    if (answers.locks)
      server->answer("SELECT GET_LOCK", one_row({{"held", "1"}}));
    else
      server->answer("SELECT GET_LOCK", fakes::SqlError(Fault::protocol, 1235, "not in a cluster"));
    connector->servers[login.where()] = server;
    addresses.push_back(std::make_shared<Address>());
    lanes.push_back({connector, login, deadline, stop, 5, {}});
  }
  addresses[0]->saw(a);
  addresses[1]->saw(b);
  Fleet fleet(logins, 0);
  Crew crew(std::move(lanes), stop, 5);
  lose_doubles(crew, addresses, fleet);
  CHECK_FALSE(fleet.failure_of(0));
  return fleet.failure_of(1) ? fleet.failure_of(1)->text : "";
}

}  // namespace

TEST_CASE("A lock tells one server from two that were made from one image") {
  const std::string same =
      "is the same server as one (db:3306, server_id 1): nothing is compared with itself";
  CHECK(why_left_out(mariadb(), mariadb(), {.holder = "7"}) == same);
  CHECK(why_left_out(mariadb(), mariadb(), {}).empty());
  const std::string uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  CHECK(why_left_out(mysql97(uuid), mysql97(uuid), {.holder = "7"}) == same);
  CHECK(why_left_out(mysql97(uuid), mysql97(uuid), {}).starts_with("gives the same server_uuid as one"));
  CHECK(why_left_out(mysql97(uuid), mysql97("another"), {.holder = "7"}).empty());
  CHECK(why_left_out(mysql97(uuid), mariadb(), {.holder = "7"}).empty());
}

TEST_CASE("Where there are no locks, the start does") {
  const std::string same =
      "is the same server as one (db:3306, server_id 1): nothing is compared with itself";
  CHECK(why_left_out(mariadb(), mariadb(), {.locks = false, .other_uptime = 101}) == same);
  CHECK(why_left_out(mariadb(), mariadb(), {.locks = false, .other_uptime = 140}).empty());
}

TEST_CASE("Each part of an identity counts") {
  for (std::string mysql::ServerIdentity::*part :
       {&mysql::ServerIdentity::host, &mysql::ServerIdentity::port, &mysql::ServerIdentity::server_id,
        &mysql::ServerIdentity::data_dir}) {
    mysql::ServerIdentity other = mariadb();
    other.*part = "other";
    CHECK_FALSE(mysql::look_the_same(mariadb(), other));
    Address address;
    address.saw(mariadb());
    address.saw(mariadb());
    address.saw({});
    CHECK_THROWS_AS(address.saw(other), SeveralServers);
  }
  CHECK(mysql::look_the_same(mariadb(), mariadb()));
  CHECK_FALSE(mysql::look_the_same({}, {}));
}
