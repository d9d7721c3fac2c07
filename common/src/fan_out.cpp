#include "evenkeel/fan_out.h"

#include <atomic>
#include <cerrno>
#include <new>
#include <string_view>
#include <system_error>

#include "evenkeel/local_limits.h"
#include "evenkeel/text.h"

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
    if (threads.empty()) throw Error(Fault::internal, thread_limit_text());
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
  const std::size_t hands = hands_with_descriptors(std::min(count, std::max<std::size_t>(parallel, 1)));
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

Error timeout_error(const Trace& trace) {
  const std::string step = trace.current();
  if (trace.is_too_much()) return Error(Fault::protocol, step, "the server sends more than we will read");
  return Error(Fault::timeout, step.empty() ? "no time was left to ask it" : "timed out: " + step);
}

namespace {

// An error in an option is no matter of limits, unless a file that it names could not be opened for one.
bool is_plain_usage_error(const Error& error) {
  const std::string text = lower(error.what());
  return error.fault() == Fault::usage && text.find(system_reason(EMFILE)) == std::string::npos &&
         text.find(system_reason(ENOMEM)) == std::string::npos &&
         text.find("certificate") == std::string::npos;
}

// A library that could not open a file or get memory may call that a connection refused, a certificate that
// does not hold, or a file that cannot be read. Who has run out of time has another reason.
Error with_local_reason(const Error& error) {
  const bool is_named = std::string_view(error.what()).find("ulimit") != std::string_view::npos;
  if (error.fault() == Fault::timeout || is_named || is_plain_usage_error(error)) return error;
  const std::optional<std::string> limit = exhausted_limit();
  return limit ? Error(Fault::internal, *limit + ", so " + error.what()) : error;
}

// By the category's name, not its address: each plugin and this library may have a libstdc++ of their own,
// and then an error that a plugin throws has a category that is not equal to any of ours.
bool is_errno(const std::error_code& code, int number) {
  const std::string_view category = code.category().name();
  return code.value() == number && (category == "generic" || category == "system");
}

}  // namespace

Error error_from(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const Error& error) {
    return with_local_reason(error);
  } catch (const std::bad_alloc&) {
    return Error(Fault::internal, memory_limit_text());
  } catch (const std::system_error& error) {
    if (is_errno(error.code(), EAGAIN)) return Error(Fault::internal, thread_limit_text());
    return Error(Fault::internal, std::string("internal error: ") + error.what());
  } catch (const std::exception& error) {
    return Error(Fault::internal, std::string("internal error: ") + error.what());
  } catch (...) {
    return Error(Fault::internal, "internal error");
  }
}

}  // namespace detail

}  // namespace evenkeel
