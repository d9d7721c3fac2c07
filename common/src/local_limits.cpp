#include "evenkeel/local_limits.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "evenkeel/text.h"

namespace evenkeel {

namespace {

// A TLS handshake, a certificate store and an answer take about so much.
constexpr std::size_t memory_to_work_with = 16u << 20;
constexpr std::size_t descriptors_to_work_with = 6;
constexpr std::size_t descriptors_of_a_hand = 4;
constexpr rlim_t few_descriptors = 512;

std::string limit_of(__rlimit_resource resource, rlim_t unit, const char* unit_name, const char* how_to_see) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::string("see ") + how_to_see;
  return "its limit is " + std::to_string(limit.rlim_cur / unit) + unit_name + ", see " + how_to_see;
}

bool has_limit(__rlimit_resource resource) {
  rlimit limit{};
  return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

bool memory_is_scarce() {
  if (!has_memory_limit()) return false;
  void* const memory =
      mmap(nullptr, memory_to_work_with, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return true;
  munmap(memory, memory_to_work_with);
  return false;
}

bool descriptors_are_few() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= few_descriptors;
}

bool descriptors_are_scarce() {
  if (!descriptors_are_few()) return false;
  return free_descriptors(descriptors_to_work_with) < descriptors_to_work_with;
}

}  // namespace

bool has_memory_limit() { return has_limit(RLIMIT_AS) || has_limit(RLIMIT_DATA); }

std::size_t hands_with_descriptors(std::size_t wanted) {
  if (wanted < 2 || !descriptors_are_few()) return wanted;
  const std::size_t free =
      free_descriptors(std::min(wanted * descriptors_of_a_hand + descriptors_to_work_with, std::size_t{256}));
  const std::size_t for_hands = free > descriptors_to_work_with ? free - descriptors_to_work_with : 0;
  return std::clamp<std::size_t>(for_hands / descriptors_of_a_hand, 1, wanted);
}

std::string memory_limit_text() {
  return "this process gets no more memory (" +
         limit_of(has_limit(RLIMIT_AS) ? RLIMIT_AS : RLIMIT_DATA, 1024, " KiB", "ulimit -v and -d") + ")";
}

std::string thread_limit_text() {
  // A thread needs a stack: the system's error is the same.
  if (memory_is_scarce()) return memory_limit_text();
  return "this process may start no more threads (" + limit_of(RLIMIT_NPROC, 1, "", "ulimit -u and -v") +
         ", and pids.max of its control group)";
}

std::optional<std::string> local_limit(int error) {
  switch (error) {
    case EMFILE:
      return "this process may not open more files (" + limit_of(RLIMIT_NOFILE, 1, "", "ulimit -n") + ")";
    case ENFILE:
      return "this machine may not open more files (see fs.file-max)";
    case ENOMEM:
      return memory_limit_text();
    case ENOBUFS:
      return "this machine has no memory left for sockets";
    default:
      return std::nullopt;
  }
}

Error local_failure(int error) {
  return Error(Fault::internal, local_limit(error).value_or("this machine refused: " + system_reason(error)));
}

std::size_t free_descriptors(std::size_t most) {
  std::array<int, 256> opened{};
  std::size_t count = 0;
  while (count < std::min(most, opened.size())) {
    const int fd = open("/", O_PATH | O_CLOEXEC);
    if (fd < 0) break;
    opened[count++] = fd;
  }
  for (std::size_t i = 0; i < count; ++i) close(opened[i]);
  return count;
}

std::optional<std::string> exhausted_limit() {
  if (descriptors_are_scarce()) return local_limit(EMFILE);
  if (memory_is_scarce()) return memory_limit_text();
  return std::nullopt;
}

std::thread start_thread(std::function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error&) {
    throw Error(Fault::internal, thread_limit_text());
  }
}

}  // namespace evenkeel
