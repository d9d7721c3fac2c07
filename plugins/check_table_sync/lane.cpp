#include "lane.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

#include "dialect.h"
#include "evenkeel/fan_out.h"
#include "evenkeel/local_limits.h"
#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

using Clock = Deadline::Clock;

std::int64_t now() { return Clock::now().time_since_epoch().count(); }

constexpr std::chrono::milliseconds between_kills(100);
constexpr double longest_greeting = 1;  // seconds, of a server that is alive

// Errors after which a new connection may work where the old one does not.
bool connection_was_lost(int code) {
  constexpr std::array codes{1927, 2006, 2013, 2055, 4031};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// What other threads may know of a session at work.
struct Pulse {
  std::atomic<std::int64_t> last = now();
  std::atomic<std::uint64_t> connection = 0;  // 0: no statement is running that may be killed
  std::atomic<bool> given_up = false;         // a request to kill may be on its way: no further statement
};

// What a second connection showed while a task was running.
struct LifeSign {
  std::atomic<std::int64_t> looked_for = 0;  // 0: nobody has
  std::atomic<bool> seen = false;
};

// Any answer is one, such as that the account may have no second connection.
bool came_from_the_server(const mysql::SqlError& error) {
  constexpr int first_of_the_client = 2000, last_of_the_client = 2999;
  return error.code() > 0 && (error.code() < first_of_the_client || error.code() > last_of_the_client);
}

// An error without the statement that it came to: that is for -vvv alone.
mysql::SqlError without_statement(const mysql::SqlError& error) {
  std::string text = error.reason();
  // The server repeats part of it.
  const auto repeated = text.find("; check the manual");
  if (error.code() == 1064 && repeated != std::string::npos) text = text.substr(0, repeated) + '"';
  return {error.fault(), error.code(), text};
}

// Connects when first asked, pins what the session must have, and notes each sign of life.
class WatchedSession : public mysql::SqlSession {
 public:
  WatchedSession(const LaneOptions& options, const std::atomic<double>& statement_seconds, Trace& trace,
                 Pulse& pulse)
      : options_(options), statement_seconds_(statement_seconds), trace_(trace), pulse_(pulse) {}

  mysql::Rows query(const std::string& sql) override {
    return retried(sql, [&] { return session_->query(sql); });
  }

  void execute(const std::string& sql) override {
    retried(sql, [&] { session_->execute(sql); });
  }

  std::string server_version() const override { return session_ ? session_->server_version() : ""; }

 private:
  template <class Ask>
  std::invoke_result_t<Ask> retried(const std::string& sql, Ask ask) {
    const bool fresh = !session_;
    connect();
    try {
      return watched(sql, ask);
    } catch (const mysql::SqlError& error) {
      if (fresh || !connection_was_lost(error.code()) || options_.stop->made())
        throw without_statement(error);
    }
    session_.reset();
    connect();
    try {
      return watched(sql, ask);
    } catch (const mysql::SqlError& error) {
      throw without_statement(error);
    }
  }

  void connect() {
    refuse_when_stopped();
    if (session_) return;
    pulse_.last = now();
    auto session = options_.connector->connect(options_.login, options_.deadline, trace_);
    dialect_ = Dialect::of(session->server_version());
    set_up(*session);
    const mysql::IdentifiedConnection connection = mysql::identify(*session);
    if (options_.address) options_.address->saw(connection.identity);
    id_ = parse_integer<std::uint64_t>(connection.id).value_or(0);
    session_ = std::move(session);
    limit_ = 0;
    pulse_.last = now();
  }

  void set_up(mysql::SqlSession& session) const {
    try {
      session.execute(session_pins(dialect_));
    } catch (const mysql::SqlError& error) {
      throw mysql::SqlError(error.fault(), error.code(), "setting up the session", error.reason());
    }
  }

  template <class Ask>
  std::invoke_result_t<Ask> watched(const std::string& sql, Ask ask) {
    pulse_.last = now();
    pulse_.connection = may_be_killed(sql) ? id_ : 0;
    // Between the two, a request would find nothing to kill, and we would ask all the same.
    const Running running(pulse_);
    refuse_when_stopped();
    limit_statements();
    return ask();
  }

  // By the end of the run at the latest: a request to kill it may not get through, as an account may have one
  // connection only. In whole seconds, so that it is not set before each statement.
  void limit_statements() {
    const double left = options_.deadline.remaining_whole_seconds();
    const double limit = std::min(statement_seconds_.load(), left);
    if (limit == limit_) return;
    session_->execute(statement_limit(dialect_, limit));
    limit_ = limit;
  }

  void refuse_when_stopped() const {
    if (options_.stop->made()) throw Error(Fault::timeout, "the run has ended");
    if (pulse_.given_up) throw Error(Fault::timeout, "the server was given up");
  }

  struct Running {
    explicit Running(Pulse& pulse) : pulse(pulse) {}
    ~Running() {
      pulse.connection = 0;
      pulse.last = now();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    Pulse& pulse;
  };

  const LaneOptions& options_;
  const std::atomic<double>& statement_seconds_;
  Trace& trace_;
  Pulse& pulse_;
  std::unique_ptr<mysql::SqlSession> session_;
  Dialect dialect_;
  double limit_ = 0;  // what the server was told last
  std::uint64_t id_ = 0;
};

}  // namespace

bool may_be_killed(std::string_view sql) {
  const std::string text = lower(sql);
  return text.find("information_schema") == std::string::npos && !text.starts_with("show ");
}

struct Lane::Work {
  explicit Work(LaneOptions given)
      : options(std::move(given)),
        statement_seconds(options.statement_seconds),
        session(options, statement_seconds, trace, pulse) {}

  LaneOptions options;
  std::atomic<double> statement_seconds;
  Trace trace;
  Pulse pulse;
  WatchedSession session;  // of the thread alone

  std::mutex mutex;
  std::condition_variable changed;
  Task task;
  std::shared_ptr<LifeSign> life = std::make_shared<LifeSign>();  // of this task
  bool busy = false;
  bool quit = false;
  std::thread thread;

  std::unique_ptr<mysql::SqlSession> connect_beside(Trace& own) {
    const std::shared_ptr<LifeSign> sign = life_sign();
    std::int64_t nobody = 0;
    sign->looked_for.compare_exchange_strong(nobody, now());
    try {
      auto beside = options.connector->connect(options.login, options.deadline, own);
      sign->seen = true;
      return beside;
    } catch (const mysql::SqlError& error) {
      sign->seen = sign->seen || came_from_the_server(error);
      throw;
    }
  }

  std::shared_ptr<LifeSign> life_sign() {
    const std::lock_guard lock(mutex);
    return life;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return task || quit; });
      if (!task) return;
      Task mine = std::exchange(task, nullptr);
      lock.unlock();
      mine(session);
      trace.end();
      mine = nullptr;
      lock.lock();
      busy = static_cast<bool>(task);
    }
  }
};

Lane::Lane(LaneOptions options) : work_(std::make_shared<Work>(std::move(options))) {
  work_->thread = start_thread([work = work_] { work->run(); });
}

Lane::~Lane() {
  std::unique_lock lock(work_->mutex);
  work_->quit = true;
  const bool stuck = work_->busy;
  std::thread thread = std::move(work_->thread);
  work_->changed.notify_all();
  lock.unlock();
  if (stuck) {
    leave_thread_behind();
    thread.detach();
  } else {
    thread.join();
  }
}

void Lane::post(Task task) {
  const std::lock_guard lock(work_->mutex);
  work_->pulse.last = now();
  work_->task = std::move(task);
  work_->life = std::make_shared<LifeSign>();
  work_->busy = true;
  work_->changed.notify_all();
}

bool Lane::busy() const {
  const std::lock_guard lock(work_->mutex);
  return work_->busy;
}

void Lane::limit_statements(double seconds) { work_->statement_seconds = seconds; }

double Lane::silence() const {
  const Clock::duration since(now() - work_->pulse.last);
  return std::chrono::duration<double>(since).count();
}

std::string Lane::waiting_for() const {
  std::string step = work_->trace.current();
  return step.starts_with("connecting") ? step : "";
}

std::vector<Trace::Step> Lane::steps() const { return work_->trace.steps(); }

void Lane::look_for_life() {
  if (work_->life_sign()->looked_for != 0) return;
  leave_thread_behind();
  const auto look = [work = work_] {
    try {
      Trace trace;
      work->connect_beside(trace);
    } catch (const std::exception&) {
      // What there was to see has been noted.
    }
  };
  try {
    start_thread(look).detach();
    work_->life_sign()->looked_for = now();
  } catch (const std::exception&) {
    // No thread to be had: nothing is known.
  }
}

bool Lane::seems_dead() const {
  const std::shared_ptr<LifeSign> sign = work_->life_sign();
  const std::int64_t since = sign->looked_for;
  return since != 0 && !sign->seen &&
         std::chrono::duration<double>(Clock::duration(now() - since)).count() >= longest_greeting;
}

void Lane::kill_statement() {
  work_->pulse.given_up = true;
  const std::uint64_t id = work_->pulse.connection;
  if (id == 0) return;
  leave_thread_behind();
  const auto kill = [work = work_, id] {
    try {
      Trace trace;
      const auto session = work->connect_beside(trace);
      // The number means another statement on another server.
      if (work->options.address) work->options.address->saw(mysql::identify(*session).identity);
      // Servers forget a request that overtakes its statement; one that ended by itself needs none.
      while (work->pulse.connection == id) {
        session->execute("KILL QUERY " + std::to_string(id));
        std::this_thread::sleep_for(between_kills);
      }
    } catch (const std::exception&) {
      // The server's own limit for statements is what remains.
    }
  };
  try {
    start_thread(kill).detach();
  } catch (const std::exception&) {
    // No thread to be had: the server's own limit for statements is what remains.
  }
}

}  // namespace evenkeel::table_sync
