#include <catch2/catch.hpp>
#include <future>

#include "evenkeel/mysql/sql_session.h"
#include "fakes/silent_sql_server.h"

using namespace evenkeel;
using namespace evenkeel::mysql;

TEST_CASE("a question to a server that went silent ends with its deadline, whoever waits for it") {
  fakes::SilentSqlServer server;
  REQUIRE(server.listening());
  Login login;
  login.host = "127.0.0.1";
  login.port = server.port();
  login.user = "nagios";
  const std::shared_ptr<SqlConnector> connector = make_connector();
  Trace trace;
  const Deadline deadline = Deadline::after(std::chrono::seconds(2));
  const std::unique_ptr<SqlSession> session = connector->connect(login, deadline, trace);
  const auto question = GENERATE(true, false);
  const auto purpose = GENERATE(std::string(), std::string("reading the replication status"));
  session->set_purpose(purpose);
  std::promise<Fault> ended;
  std::future<Fault> end = ended.get_future();
  std::thread asking([&] {
    try {
      question ? static_cast<void>(session->query("SELECT 1")) : session->execute("KILL QUERY 1");
      ended.set_value(Fault::internal);
    } catch (const Error& error) {
      ended.set_value(error.fault());
    }
  });
  // The library counts whole seconds.
  const bool in_time = end.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  CHECK(in_time);
  if (!in_time) server.hang_up();
  asking.join();
  CHECK(end.get() == Fault::timeout);
  // Line 1 has words for it, -vvv the statement.
  CHECK(trace.current() == (purpose.empty() ? "waiting for an answer" : purpose));
  CHECK(trace.steps().back().what.starts_with(question ? "SELECT 1" : "KILL QUERY 1"));
}
