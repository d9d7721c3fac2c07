#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "evenkeel/error.h"
#include "sanitized.h"

namespace evenkeel {

namespace {

// Many targets at once need many sockets; what the administrator allows at most is ours to use.
void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

bool secure_descriptors() {
  bool has_stdout = true;
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    if (fd == STDOUT_FILENO) has_stdout = false;
    // The lowest free number is this one.
    if (open("/dev/null", O_RDWR) != fd) _exit(3);
  }
  allow_many_descriptors();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // under `ulimit -f`, a write fails instead
  return has_stdout;
}

bool write_to_stdout(const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = write(STDOUT_FILENO, text.data() + written, text.size() - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd waiting{STDOUT_FILENO, POLLOUT, 0};
      poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void arm_last_resort(std::chrono::duration<double> seconds) {
  struct sigaction action {};
  action.sa_handler = [](int) { _exit(3); };
  sigaction(SIGALRM, &action, nullptr);
  const double whole = std::floor(seconds.count());
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(whole);
  timer.it_value.tv_usec = static_cast<suseconds_t>((seconds.count() - whole) * 1e6);
  if (timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0) timer.it_value.tv_usec = 1;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

namespace {

std::string name_of_signal(int signal_fd) {
  signalfd_siginfo info{};
  if (read(signal_fd, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return "a signal";
  switch (info.ssi_signo) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    default:
      return "SIGHUP";
  }
}

// Whoever sent the signal may send SIGKILL next; what is known is worth more than what is missing.
constexpr std::chrono::seconds time_to_stop(3);

// Read by a signal handler: no allocation, no lock.
std::array<char, 200> crash_line{};
std::size_t crash_line_length = 0;
volatile sig_atomic_t quiet = 0;

constexpr std::array crash_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

[[noreturn]] void on_crash(int) {
  if (!quiet) (void)!write(STDOUT_FILENO, crash_line.data(), crash_line_length);
  _exit(3);
}

// What the watching thread and the body's thread share; it outlives whoever leaves first.
struct Watch {
  std::atomic<Deadline::Clock::rep> when;
  std::atomic<bool> done{false};
  int wake_fd = eventfd(0, EFD_CLOEXEC);

  explicit Watch(const Deadline& deadline) { move(deadline); }
  void move(const Deadline& deadline) { when = deadline.when().time_since_epoch().count(); }
  Deadline deadline() const {
    return Deadline::at(Deadline::Clock::time_point(Deadline::Clock::duration(when.load())));
  }
  void wake() const {
    const std::uint64_t one = 1;
    (void)!write(wake_fd, &one, sizeof one);
  }
  void rest() const {
    std::uint64_t count = 0;
    (void)!read(wake_fd, &count, sizeof count);
  }
};

Ending wait_for_end(const Watch& watch, int signal_fd, const Deadline* limit) {
  std::array<pollfd, 2> waiting{{{watch.wake_fd, POLLIN, 0}, {signal_fd, POLLIN, 0}}};
  while (true) {
    const Deadline deadline =
        limit ? Deadline::at(std::min(limit->when(), watch.deadline().when())) : watch.deadline();
    const int ready = poll(waiting.data(), waiting.size(), deadline.remaining_milliseconds());
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Ending::timed_out;
    if (waiting[1].revents) return Ending::signalled;
    watch.rest();
    if (watch.done) return Ending::finished;
  }
}

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

// Signals are for the watching thread: those that end us come by descriptor, whatever mask we were
// started with; the last resort must get through.
void take_signals(const sigset_t& before) {
  sigset_t mine = before;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&mine, signal);
  sigdelset(&mine, SIGALRM);
  pthread_sigmask(SIG_SETMASK, &mine, nullptr);
}

}  // namespace

void become_crash_proof(const std::string& service) {
  const std::string line =
      service.substr(0, 60) + " UNKNOWN - the plugin broke down, out of memory or by a mistake of ours\n";
  crash_line_length = line.copy(crash_line.data(), crash_line.size());
  if (sanitized) return;
  std::set_terminate([] { on_crash(SIGABRT); });
  struct sigaction action {};
  action.sa_handler = on_crash;
  for (const int signal : crash_signals) sigaction(signal, &action, nullptr);
}

void break_down() { on_crash(0); }

void result_is_out() { quiet = 1; }

Ending run_watched(std::function<void(const MoveDeadline&)> body, const std::function<bool()>& stop,
                   const Deadline& first_deadline, std::string& signal_name) {
  const auto watch = std::make_shared<Watch>(first_deadline);
  // Blocked for the body's thread and all that it starts. A crash whose signal is blocked kills at once.
  sigset_t all;
  sigfillset(&all);
  for (const int signal : crash_signals) sigdelset(&all, signal);
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const sigset_t watched = ending_signals();
  const int signal_fd = signalfd(-1, &watched, SFD_CLOEXEC);
  if (watch->wake_fd < 0 || signal_fd < 0)
    throw Error(Fault::internal, "the system gives us no file descriptors");
  std::thread worker([body = std::move(body), watch] {
    body([watch](const Deadline& deadline) {
      watch->move(deadline);
      watch->wake();
    });
    watch->done = true;
    watch->wake();
  });
  take_signals(before);

  Ending ending = wait_for_end(*watch, signal_fd, nullptr);
  if (ending == Ending::signalled) {
    signal_name = name_of_signal(signal_fd);
    const Deadline soon = Deadline::after(time_to_stop);
    if (stop()) ending = wait_for_end(*watch, signal_fd, &soon);
    if (ending != Ending::finished) ending = Ending::signalled;
  }
  if (ending == Ending::finished)
    worker.join();
  else
    worker.detach();
  close(signal_fd);
  return ending;
}

}  // namespace evenkeel
