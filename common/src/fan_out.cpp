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

// Fewer threads than asked for do the work in more time; none cannot.
void hire(std::vector<std::thread>& threads, std::size_t hands, const std::function<void()>& body) {
  try {
    for (std::size_t i = 0; i < hands; ++i) threads.emplace_back(body);
  } catch (...) {
    if (threads.empty()) throw Error(Fault::internal, "the system lets us start no thread");
  }
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
  const std::size_t rounds = hands == 0 ? 1 : (count + hands - 1) / hands;
  const auto start = Deadline::Clock::now();
  const auto share = (deadline.when() - start) / static_cast<Deadline::Clock::rep>(rounds);
  const std::function<void()> body = [crew, job = std::move(job), deadline] { work(crew, job, deadline); };
  std::vector<std::thread> threads;
  threads.reserve(count);
  hire(threads, hands, body);

  std::unique_lock lock(crew->mutex);
  bool complete = false;
  for (std::size_t round = 1; round <= rounds && !complete; ++round) {
    const auto until =
        round == rounds ? deadline.when() : start + share * static_cast<Deadline::Clock::rep>(round);
    complete = crew->changed.wait_until(lock, until, [&] { return crew->finished == crew->count; });
    // Hands that are held up longer than their share of the time no longer count: others take over, or
    // as many silent targets as there are hands would hide all that come after them.
    if (!complete && round < rounds) hire(threads, std::min(hands, crew->count - crew->next), body);
  }
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
