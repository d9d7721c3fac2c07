#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
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
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "evenkeel/error.h"
#include "evenkeel/local_limits.h"
#include "sanitized.h"

namespace evenkeel {

namespace {

// Instead of `ulimit -s`: eight MiB each are too much where memory is limited, and a small limit is too
// little.
constexpr std::size_t stack_of_a_thread = 1u << 20;

// Taken by whoever writes the one answer; then nothing but its reader is waited for.
std::atomic<bool> writing{false};
static_assert(std::atomic<bool>::is_always_lock_free);
// What the process ends with, once its answer is out.
std::atomic<int> code_of_answer{3};
static_assert(std::atomic<int>::is_always_lock_free);

// Many targets at once need many sockets; what the administrator allows at most is ours to use.
void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

void keep_out_of_core_files() {
  // The first also holds where core files go to a program, which the second does not keep from being started.
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

void bound_stacks() {
  if (sanitized) return;
  pthread_attr_t attributes;
  if (pthread_getattr_default_np(&attributes) != 0) return;
  pthread_attr_setstacksize(&attributes, stack_of_a_thread);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

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

int write_answer(const std::string& text, int code) {
  if (writing.exchange(true)) return 3;
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = write(STDOUT_FILENO, text.data() + written, text.size() - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd waiting{STDOUT_FILENO, POLLOUT, 0};
      poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return 3;
    }
  }
  code_of_answer = code;
  return code;
}

namespace {

// A SIGALRM that somebody sent is a signal as any other; the handler hands it on to the watching thread.
std::atomic<int> wake_of_watch{-1};
std::atomic<bool> alarm_was_sent{false};

constexpr std::string_view no_time =
    "no result in time: the plugin was stopped, or this machine gave it no time to run";

// Read by a signal handler: no allocation, no lock.
struct PreparedAnswer {
  std::array<char, 2000> text{};
  std::size_t length = 0;

  // An answer that was cut would be none.
  bool set(const std::string& answer) {
    if (answer.size() > text.size()) return false;
    length = answer.copy(text.data(), text.size());
    return true;
  }
  std::string_view get() const { return {text.data(), length}; }
};

// For each form of output that is asked for, one is written while the other may be read.
struct PreparedAnswers {
  PreparedAnswer crash;
  PreparedAnswer late;
};
std::array<PreparedAnswers, 2> spare_answers{};
std::atomic<const PreparedAnswers*> prepared{nullptr};
static_assert(std::atomic<const PreparedAnswers*>::is_always_lock_free);

constexpr std::string_view nameless_late =
    "UNKNOWN - no result in time: the plugin was stopped, or this machine gave it no time to run\n";

[[noreturn]] void end_with(std::string_view answer) {
  if (!writing.exchange(true)) (void)!write(STDOUT_FILENO, answer.data(), answer.size());
  _exit(code_of_answer);
}

// For a run that was stopped (SIGSTOP) past its time, and goes on: enough to tell of the time-out, and to end
// once the answer is out.
constexpr timeval time_to_tell{0, 500000};
constexpr timeval time_to_end{0, 200000};

volatile sig_atomic_t had_time_to_tell = 0;
volatile sig_atomic_t had_time_to_end = 0;

void ring_again(const timeval& after) {
  const itimerval once{{}, after};
  setitimer(ITIMER_REAL, &once, nullptr);
}

void on_last_resort() {
  if (writing) {
    if (had_time_to_end) _exit(code_of_answer);
    had_time_to_end = 1;
    return ring_again(time_to_end);
  }
  const PreparedAnswers* const made = prepared;
  if (had_time_to_tell) end_with(made ? made->late.get() : nameless_late);
  had_time_to_tell = 1;
  ring_again(time_to_tell);
}

void on_alarm(int, siginfo_t* info, void*) {
  const int error = errno;
  if (info->si_code == SI_KERNEL)  // our own timer
    on_last_resort();
  else
    alarm_was_sent = true;
  const std::uint64_t one = 1;
  if (const int fd = wake_of_watch; fd >= 0) (void)!write(fd, &one, sizeof one);
  errno = error;
}

}  // namespace

void arm_last_resort(std::chrono::duration<double> seconds) {
  struct sigaction action {};
  action.sa_sigaction = on_alarm;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGALRM, &action, nullptr);
  const double whole = std::floor(seconds.count());
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(whole);
  timer.it_value.tv_usec = static_cast<suseconds_t>((seconds.count() - whole) * 1e6);
  if (timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0) timer.it_value.tv_usec = 1;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

namespace {

std::string name_of_signal(int signal) {
  if (signal >= SIGRTMIN) return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

// Whoever sent the signal may send SIGKILL next; what is known is worth more than what is missing.
constexpr std::chrono::seconds time_to_stop(3);

constexpr std::string_view breakdown = "the plugin broke down, out of memory or by a mistake of ours";

std::function<std::string(const std::string&)> answer_of_reason;

// A fault of the processor raises these, too, and the kernel kills where they are blocked.
constexpr std::array crash_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};

[[noreturn]] void on_crash(int) {
  static constexpr std::string_view nameless =
      "UNKNOWN - the plugin broke down, out of memory or by a mistake of ours\n";
  const PreparedAnswers* const made = prepared;
  end_with(made ? made->crash.get() : nameless);
}

// A stack that overflowed has no room for the handler.
void give_crashes_a_stack() {
  alignas(16) static std::array<char, 64 << 10> memory;
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  sigaltstack(&stack, nullptr);
}

// They stop a process unless it takes them. A scheduler waits for the end that -t promises; somebody at a
// terminal who presses Ctrl-Z wants it to stop.
constexpr std::array job_signals{SIGTSTP, SIGTTIN, SIGTTOU};

bool is_in_foreground() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (tcgetpgrp(fd) == getpgrp()) return true;
  return false;
}

enum class Moment { deadline, signal, end_of_body };

// What the watching thread and the body's thread share.
class Watch {
 public:
  Watch(const Deadline& deadline, const sigset_t& signals)
      : when_(deadline.when().time_since_epoch().count()),
        wake_fd_(eventfd(0, EFD_CLOEXEC)),
        signal_fd_(signalfd(-1, &signals, SFD_CLOEXEC)) {
    if (wake_fd_ < 0 || signal_fd_ < 0) {
      const int error = errno;
      close(wake_fd_);
      close(signal_fd_);
      throw local_failure(error);
    }
    wake_of_watch = wake_fd_;
  }
  ~Watch() {
    wake_of_watch = -1;
    close(wake_fd_);
    close(signal_fd_);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // That it has become later is noticed when the earlier one has come.
  void move(const Deadline& deadline) {
    const Deadline::Clock::rep when = deadline.when().time_since_epoch().count();
    if (when < when_.exchange(when)) wake();
  }
  void wake() const {
    const std::uint64_t one = 1;
    (void)!write(wake_fd_, &one, sizeof one);
  }

  // The first to claim the end tells of it.
  bool claim_end() { return !ended_.exchange(true); }

  Moment wait(const Deadline* limit) {
    std::array<pollfd, 2> waiting{{{wake_fd_, POLLIN, 0}, {signal_fd_, POLLIN, 0}}};
    while (!ended_) {
      if (alarm_was_sent.exchange(false)) {
        signal_ = SIGALRM;
        return Moment::signal;
      }
      const Deadline until = limit ? Deadline::at(std::min(limit->when(), when())) : Deadline::at(when());
      if (until.expired()) return Moment::deadline;
      if (poll(waiting.data(), waiting.size(), until.remaining_milliseconds()) <= 0) continue;
      std::uint64_t count = 0;
      if (waiting[0].revents) (void)!read(wake_fd_, &count, sizeof count);
      if (waiting[1].revents && take_signal()) return Moment::signal;
    }
    return Moment::end_of_body;
  }

  // Empty where none has come.
  std::string signal_name() const { return signal_ == 0 ? "" : name_of_signal(signal_); }

 private:
  Deadline::Clock::time_point when() const {
    return Deadline::Clock::time_point(Deadline::Clock::duration(when_.load()));
  }
  // False where it was one of job control, and the run goes on.
  bool take_signal() {
    signalfd_siginfo info{};
    const bool whole = read(signal_fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info);
    const int signal = whole ? static_cast<int>(info.ssi_signo) : SIGHUP;
    if (std::find(job_signals.begin(), job_signals.end(), signal) != job_signals.end()) {
      if (is_in_foreground()) kill(getpid(), SIGSTOP);
      return false;
    }
    signal_ = signal;
    return true;
  }

  std::atomic<Deadline::Clock::rep> when_;
  std::atomic<bool> ended_{false};
  std::atomic<int> signal_{0};
  int wake_fd_;
  int signal_fd_;
};

// What resumes a process, or is ignored unless asked for, stays as it is.
constexpr std::array harmless_signals{SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
// Writes fail instead, see secure_descriptors().
constexpr std::array ignored_signals{SIGPIPE, SIGXFSZ};

// nohup, and a shell for what runs in the background, have these ignored: then they do not end us either.
bool is_ignored_by_wish(int signal) {
  if (signal != SIGHUP && signal != SIGINT && signal != SIGQUIT) return false;
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// All that would end the process, or stop it; crashes and the alarm have handlers of their own.
sigset_t ending_signals() {
  sigset_t set;
  sigfillset(&set);
  for (const int signal : {SIGKILL, SIGSTOP, SIGALRM}) sigdelset(&set, signal);
  for (const int signal : crash_signals) sigdelset(&set, signal);
  for (const int signal : harmless_signals) sigdelset(&set, signal);
  for (const int signal : ignored_signals) sigdelset(&set, signal);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT})
    if (is_ignored_by_wish(signal)) sigdelset(&set, signal);
  return set;
}

// Signals are for the watching thread: those that end us come by descriptor, and are blocked in every thread,
// whatever mask we were started with. One that resumes us acts here.
void take_signals() {
  sigset_t mine;
  sigemptyset(&mine);
  for (const int signal : harmless_signals) sigaddset(&mine, signal);
  pthread_sigmask(SIG_UNBLOCK, &mine, nullptr);
}

// For the body's thread and all that it starts. A crash whose signal is blocked kills at once, and the last
// resort must get through.
void leave_signals() {
  sigset_t mine;
  sigfillset(&mine);
  for (const int signal : crash_signals) sigdelset(&mine, signal);
  sigdelset(&mine, SIGALRM);
  pthread_sigmask(SIG_SETMASK, &mine, nullptr);
}

}  // namespace

void hold_signals() { leave_signals(); }

void become_crash_proof(std::function<std::string(const std::string& why)> answer_of) {
  // With a limit, this is what it is; without one, nobody knows.
  const std::string why = has_memory_limit() ? "the plugin broke down, most likely: " + memory_limit_text()
                                             : std::string(breakdown);
  PreparedAnswers& spare = spare_answers[prepared == &spare_answers[0] ? 1 : 0];
  if (spare.crash.set(answer_of(why)) && spare.late.set(answer_of(std::string(no_time)))) prepared = &spare;
  answer_of_reason = std::move(answer_of);
  if (sanitized) return;
  give_crashes_a_stack();
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK;
  for (const int signal : crash_signals) sigaction(signal, &action, nullptr);
}

void break_down() { on_crash(0); }

void break_down(const std::string& why) {
  _exit(write_answer(answer_of_reason ? answer_of_reason(why) : "UNKNOWN - " + why + "\n", 3));
}

namespace detail {

void on_terminate() {
  if (sanitized) std::abort();
  break_down();
}

}  // namespace detail

namespace {

void watch_over(Watch& watch, const std::function<bool()>& stop, const TellEnd& tell) {
  Moment moment = watch.wait(nullptr);
  const bool signalled = moment == Moment::signal;
  if (signalled) {
    const Deadline soon = Deadline::after(time_to_stop);
    if (stop()) moment = watch.wait(&soon);
  }
  if (moment == Moment::end_of_body || !watch.claim_end()) return;
  tell(signalled ? Ending::signalled : Ending::timed_out, watch.signal_name());
}

}  // namespace

std::string run_watched(const std::function<void(const MoveDeadline&)>& body, std::function<bool()> stop,
                        TellEnd tell, const Deadline& first_deadline) {
  leave_signals();
  const auto watch = std::make_shared<Watch>(first_deadline, ending_signals());
  // It sleeps until it is needed, which is cheaper than a body on a thread of its own.
  std::thread watcher = start_thread([watch, stop = std::move(stop), tell = std::move(tell)] {
    take_signals();
    watch_over(*watch, stop, tell);
  });

  body([&watch](const Deadline& deadline) { watch->move(deadline); });
  while (!watch->claim_end()) pause();
  if (sanitized) {  // they want no thread at the end; without them it ends with the process
    watch->wake();
    watcher.join();
  } else {
    watcher.detach();
  }
  return watch->signal_name();
}

}  // namespace evenkeel
