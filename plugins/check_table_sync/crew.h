// The lanes of one worker, one per server: asks several servers the same thing at once, and goes on
// without those that do not answer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evenkeel/error.h"
#include "evenkeel/fan_out.h"
#include "lane.h"

namespace evenkeel::table_sync {

struct Failure {
  Fault fault = Fault::internal;
  int code = 0;  // the server's or the client library's number, 0 for none
  std::string text;

  static Failure from(std::exception_ptr exception);
  // The server is gone or does not answer: nothing more is to be had from it in this run.
  bool server_is_lost() const {
    return fault == Fault::unreachable || fault == Fault::untrusted || silent || several;
  }
  // Or it waited for a lock for as long as it may work.
  bool statement_took_too_long() const { return code == 1969 || code == 3024 || code == 1205; }
  // The table was dropped, renamed, altered or swapped while it was read.
  bool table_changed() const;
  bool answer_too_large() const { return code == mysql::SqlError::answer_too_large; }
  bool silent = false;
  bool unanswered = false;  // silent, or on a second connection as well when time ran out
  bool several = false;     // servers answer at one address
  double waited = 0;        // seconds, for the statement that time running out cut short

  static Failure too_slow();
  // Of a question that takes a server no time.
  static constexpr double long_silence = 2;
  bool left_us_waiting() const { return unanswered || waited >= long_silence; }
  // At the end of the run only silence tells of a server; all else may be the work of the end.
  bool loses_server(const StopRequest& stop) const {
    return unanswered || (server_is_lost() && !stop.made());
  }
};

template <class Value>
struct Reply {
  std::optional<Value> value;
  std::optional<Failure> failure;
  double seconds = 0;
};

class Crew {
 public:
  Crew(std::vector<LaneOptions> servers, std::shared_ptr<StopRequest> stop, double patience);

  // ask(server, session) → Value, for each of `servers` at once, on its lane. It is copied there and may
  // outlive this call: it owns all that it touches. Returns when all have answered, failed, or been silent
  // for longer than `patience` seconds within one statement; those lanes are given up.
  template <class Value, class Ask>
  std::vector<Reply<Value>> ask(const std::vector<std::size_t>& servers, Ask ask) {
    auto board = std::make_shared<Board<Value>>(servers.size());
    const auto began = Deadline::Clock::now();
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const std::size_t server = servers[i];
      if (!lanes_[server]) {
        board->settle(i, {{}, silent_before(server), 0});
        continue;
      }
      lanes_[server]->post([board, i, server, ask, began](mysql::SqlSession& session) {
        Reply<Value> reply;
        try {
          reply.value = ask(server, session);
        } catch (...) {
          reply.failure = Failure::from(std::current_exception());
        }
        reply.seconds = std::chrono::duration<double>(Deadline::Clock::now() - began).count();
        board->settle(i, std::move(reply));
      });
    }
    wait([&](std::chrono::milliseconds time) { return board->wait(time); },
         [&](std::size_t i) { return board->settled(i); }, servers);
    auto replies = board->take([&](std::size_t i) {
      return Reply<Value>{{}, silent_before(servers[i]), patience_};
    });
    for (std::size_t i = 0; i < replies.size(); ++i)
      if (replies[i].failure) replies[i].failure->waited = cut_short_after_[servers[i]];
    return replies;
  }

  std::vector<Trace::Step> steps(std::size_t server) const;

  // How long silence may last, and a statement by the server's own limit.
  void set_patience(double seconds) { patience_ = seconds; }
  void limit_statements(double seconds);
  double patience() const { return patience_; }

 private:
  template <class Value>
  struct Board {
    explicit Board(std::size_t count) : replies(count), done(count, false), missing(count) {}

    void settle(std::size_t i, Reply<Value> reply) {
      const std::lock_guard lock(mutex);
      replies[i] = std::move(reply);
      done[i] = true;
      --missing;
      changed.notify_all();
    }
    bool wait(std::chrono::milliseconds time) {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, time, [this] { return missing == 0; });
    }
    bool settled(std::size_t i) {
      const std::lock_guard lock(mutex);
      return done[i];
    }
    template <class Otherwise>
    std::vector<Reply<Value>> take(Otherwise otherwise) {
      const std::lock_guard lock(mutex);
      std::vector<Reply<Value>> result(replies.size());
      for (std::size_t i = 0; i < result.size(); ++i)
        result[i] = done[i] ? std::move(replies[i]) : otherwise(i);
      return result;
    }

    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Reply<Value>> replies;
    std::vector<bool> done;
    std::size_t missing;
  };

  void wait(const std::function<bool(std::chrono::milliseconds)>& all_done,
            const std::function<bool(std::size_t)>& settled, const std::vector<std::size_t>& servers);
  void cut_short(std::size_t server);
  void give_up(std::size_t server, const std::string& why);
  Failure silent_before(std::size_t server) const;

  std::vector<std::unique_ptr<Lane>> lanes_;  // none where it was given up
  std::vector<Failure> given_up_;
  std::vector<std::vector<Trace::Step>> last_steps_;  // of those
  std::vector<double> cut_short_after_;  // seconds of silence, where the end of the run found a statement
  std::shared_ptr<StopRequest> stop_;
  double patience_;
};

}  // namespace evenkeel::table_sync
