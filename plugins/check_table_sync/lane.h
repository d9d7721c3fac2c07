// One session with one server, on a thread of its own, so that who asks never hangs with it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "address.h"
#include "evenkeel/deadline.h"
#include "evenkeel/mysql/sql_session.h"
#include "evenkeel/trace.h"
#include "stop_request.h"

namespace evenkeel::table_sync {

struct LaneOptions {
  std::shared_ptr<mysql::SqlConnector> connector;
  mysql::Login login;
  Deadline deadline;
  std::shared_ptr<StopRequest> stop;
  double statement_seconds = 5;  // the server's own limit for each statement, less towards the deadline
  std::shared_ptr<Address> address = {};  // who is expected to answer
};

class Lane {
 public:
  using Task = std::function<void(mysql::SqlSession&)>;

  explicit Lane(LaneOptions options);
  // A thread that still waits for its server is left behind; it owns all that it uses.
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs on the lane's thread, which connects first, and once more where the connection was lost. The task
  // throws nothing. One at a time.
  void post(Task task);
  bool busy() const;
  void limit_statements(double seconds);  // from the next one on

  // How long the task at work has had no answer from its server.
  double silence() const;
  // "connecting to db1:3306", empty once it is connected: what a statement is, is for -vvv alone.
  std::string waiting_for() const;
  std::vector<Trace::Step> steps() const;

  // Ends the statement that runs on the server, over another connection and on a thread of its own. The
  // account may do so with its own threads. A statement that may_be_killed() refuses is left to its own
  // limit.
  void kill_statement();
  // Connects once more, beside the statement that is running: whether the server answers at all.
  void look_for_life();
  // It did not, although it had time to.
  bool seems_dead() const;

 private:
  struct Work;
  std::shared_ptr<Work> work_;
};

// False for statements that fill temporary tables inside of the server, as those on information_schema do: a
// MariaDB has crashed in ha_maria::drop_table when such statements were killed.
bool may_be_killed(std::string_view sql);

}  // namespace evenkeel::table_sync
