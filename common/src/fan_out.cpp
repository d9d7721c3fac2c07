#include "evenkeel/fan_out.h"

#include <atomic>
#include <system_error>

namespace evenkeel {

namespace {

std::atomic<bool> left_behind{false};

struct Crew {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t next = 0;
  std::size_t finished = 0;
  std::size_t count = 0;
};

void work(const std::shared_ptr<Crew>& crew, const std::function<void(std::size_t)>& job,
          const Deadline& deadline) {
  std::unique_lock lock(crew->mutex);
  while (crew->next < crew->count && !deadline.expired()) {
    const std::size_t mine = crew->next++;
    lock.unlock();
    job(mine);
    lock.lock();
    ++crew->finished;
    crew->changed.notify_all();
  }
}

std::vector<std::thread> hire(std::size_t hands, const std::function<void()>& body) {
  std::vector<std::thread> threads;
  try {
    for (std::size_t i = 0; i < hands; ++i) threads.emplace_back(body);
  } catch (const std::system_error&) {
    // Fewer threads than asked for do the work in more time; none cannot.
    if (threads.empty()) throw Error(Fault::internal, "the system lets us start no thread");
  }
  return threads;
}

}  // namespace

bool has_stuck_threads() { return left_behind; }

void leave_thread_behind() { left_behind = true; }

namespace detail {

void run_bounded(std::size_t count, std::size_t parallel, const Deadline& deadline,
                 std::function<void(std::size_t)> job) {
  auto crew = std::make_shared<Crew>();
  crew->count = count;
  const std::size_t hands = std::min(count, std::max<std::size_t>(parallel, 1));
  std::vector<std::thread> threads =
      hire(hands, [crew, job = std::move(job), deadline] { work(crew, job, deadline); });

  std::unique_lock lock(crew->mutex);
  const bool complete =
      crew->changed.wait_until(lock, deadline.when(), [&] { return crew->finished == crew->count; });
  lock.unlock();
  if (!complete) left_behind = true;
  for (std::thread& thread : threads) {
    if (complete)
      thread.join();
    else
      thread.detach();
  }
}

Error timeout_error(const std::string& step) {
  return Error(Fault::timeout, step.empty() ? "no time was left to ask it" : "timed out: " + step);
}

Error error_from(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return Error(Fault::internal, std::string("internal error: ") + error.what());
  } catch (...) {
    return Error(Fault::internal, "internal error");
  }
}

}  // namespace detail

}  // namespace evenkeel
