#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <thread>
#include <utility>

#include "evenkeel/error.h"

namespace evenkeel {

bool secure_descriptors() {
  bool has_stdout = true;
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    if (fd == STDOUT_FILENO) has_stdout = false;
    // The lowest free number is this one.
    if (open("/dev/null", O_RDWR) != fd) _exit(3);
  }
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

bool ended_within(int done_fd, Deadline::Clock::time_point when) {
  pollfd waiting{done_fd, POLLIN, 0};
  int ready = -1;
  do {
    ready = poll(&waiting, 1, Deadline::at(when).remaining_milliseconds());
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

Ending run_watched(std::function<void()> body, std::function<bool()> stop, const Deadline& deadline,
                   std::string& signal_name) {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&watched, signal);
  sigset_t all;
  sigfillset(&all);
  sigset_t before;
  // The worker and its threads inherit a mask with everything blocked: signals are for this thread.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int done_fd = eventfd(0, EFD_CLOEXEC);
  const int signal_fd = signalfd(-1, &watched, SFD_CLOEXEC);
  if (done_fd < 0 || signal_fd < 0) throw Error(Fault::internal, "the system gives us no file descriptors");
  std::thread worker([body = std::move(body), done_fd] {
    body();
    const std::uint64_t one = 1;
    (void)!write(done_fd, &one, sizeof one);
  });
  pthread_sigmask(SIG_UNBLOCK, &before, nullptr);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);

  std::array<pollfd, 2> waiting{{{done_fd, POLLIN, 0}, {signal_fd, POLLIN, 0}}};
  Ending ending = Ending::timed_out;
  while (true) {
    const int ready = poll(waiting.data(), waiting.size(), deadline.remaining_milliseconds());
    if (ready < 0 && errno == EINTR) continue;
    if (ready > 0) ending = waiting[0].revents ? Ending::finished : Ending::signalled;
    break;
  }
  if (ending == Ending::signalled) {
    signal_name = name_of_signal(signal_fd);
    if (stop() && ended_within(done_fd, std::min(deadline.when(), Deadline::Clock::now() + time_to_stop)))
      ending = Ending::finished;
  }
  if (ending == Ending::finished)
    worker.join();
  else
    worker.detach();
  close(signal_fd);
  if (ending == Ending::finished) close(done_fd);
  return ending;
}

}  // namespace evenkeel
