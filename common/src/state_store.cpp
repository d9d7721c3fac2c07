#include "evenkeel/state_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

#include "state_folder.h"
#include "state_record.h"

namespace evenkeel {

using namespace state;
using std::chrono::milliseconds;

namespace {

// Once a lock did not come, there is little hope for the next: fifty targets whose locks are all held must
// not cost fifty times as much.
std::atomic<milliseconds> lock_patience{milliseconds(500)};
constexpr milliseconds later_patience(10);

// ---- the files in the folder: NAME.state, NAME.previous, NAME.lock ----

std::string identity_of(const std::string& plugin, std::string_view key) {
  return plugin + ' ' + std::string(key);
}

// Readable for people, unique by the hash; that the hash is not perfect is found out by the key inside.
std::string file_name(const std::string& identity) {
  constexpr std::size_t readable = 80;
  std::string name = identity.substr(0, readable);
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::replace_if(
      name.begin(), name.end(), [&](char c) { return !is_plain(c); }, '-');
  return name + '-' + fingerprint(identity);
}

// One small file per key that stays: removing a lock file that another run waits for would split the
// lock in two. Waits by asking again, since flock() knows no time-out.
FileDescriptor lock(const Folder& folder, const std::string& name, std::string& problem) {
  FileDescriptor file(openat(folder.fd.get(), (name + ".lock").c_str(),
                             O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (!file) {
    problem = complaint(folder.path, reason(errno));
    return file;
  }
  using Clock = std::chrono::steady_clock;
  const Clock::time_point give_up = Clock::now() + lock_patience.load();
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      problem = "went on without a lock in " + folder.path + ": " + reason(errno);
      return FileDescriptor();
    }
    if (Clock::now() >= give_up) {
      lock_patience = later_patience;
      problem = "went on without a lock in " + folder.path + ": another run holds it";
      return FileDescriptor();
    }
    const timespec pause{0, 2'000'000};
    nanosleep(&pause, nullptr);
  }
  return file;
}

bool read_all(int fd, std::string& bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = read(fd, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    filled += static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

std::optional<Record> read_record(const Folder& folder, const std::string& name, std::string& problem) {
  const auto refuse = [&](const std::string& why) {
    problem = "did not use " + folder.path + '/' + name + ".state: " + why;
    return std::optional<Record>();
  };
  // O_NONBLOCK: a FIFO must not hold us.
  const FileDescriptor file(
      openat(folder.fd.get(), (name + ".state").c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return errno == ENOENT ? std::optional<Record>() : refuse(reason(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return refuse(reason(errno));
  if (!S_ISREG(status.st_mode)) return refuse("not a regular file");
  if (status.st_uid != geteuid()) return refuse("it belongs to user id " + std::to_string(status.st_uid));
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > max_record)
    return refuse("it is too large");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::optional<Record> record;
  if (read_all(file.get(), bytes)) record = decode(bytes);
  return record ? record : refuse("it is damaged");
}

// A file that is there is written over: making one and removing one is most of what keeping a sample costs.
FileDescriptor open_to_write(int folder, const std::string& name) {
  constexpr int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  FileDescriptor file(openat(folder, name.c_str(), flags));
  struct stat status {};
  const bool ours = file && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                    status.st_uid == geteuid() && status.st_nlink == 1;
  if (ours) return file;
  if (errno != ENOENT || file) unlinkat(folder, name.c_str(), 0);
  return FileDescriptor(openat(folder, name.c_str(), flags | O_CREAT | O_EXCL, 0600));
}

// To rename a file over another makes ext4 write it to the disk at once; to exchange the two is as atomic,
// and does not.
bool put_in_place(int folder, const std::string& fresh, const std::string& file) {
  struct stat status {};
  const bool there =
      fstatat(folder, file.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
  if (there && renameat2(folder, fresh.c_str(), folder, file.c_str(), RENAME_EXCHANGE) == 0) return true;
  return renameat(folder, fresh.c_str(), folder, file.c_str()) == 0;
}

// A mode or a length that is right already is not set again: that would be a transaction of the file system.
bool write_over(int file, std::string_view bytes) {
  struct stat before {};
  if (fstat(file, &before) != 0) return false;
  if ((before.st_mode & 07777) != 0600 && fchmod(file, 0600) != 0) return false;
  const auto length = static_cast<off_t>(bytes.size());
  return write_all(file, bytes) && (before.st_size <= length || ftruncate(file, length) == 0);
}

// No fsync: after a power cut the last sample may be missing or torn. The checksum notices, and the next
// run starts afresh; that is worth less than a disk flush in every check.
//
// The new sample takes the place of the one before the last. A run that went on without the lock may write
// there as another does, and one that reads without the lock may meet two that save; what that leads to is a
// damaged sample, which read_record() notices.
bool replace_file(int folder, const std::string& name, std::string_view bytes) {
  const std::string previous = name + ".previous";
  FileDescriptor file = open_to_write(folder, previous);
  if (!file) return false;
  if (write_over(file.get(), bytes) && file.close() && put_in_place(folder, previous, name + ".state"))
    return true;
  const int error = errno;
  unlinkat(folder, previous.c_str(), 0);
  errno = error;
  return false;
}

std::optional<StateStore::Sample> load_sample(const Folder& folder, const std::string& identity,
                                              std::string& problem) {
  std::optional<Record> record = read_record(folder, file_name(identity), problem);
  if (!record || record->key != identity) return {};
  const double age = seconds_between(record->taken, now());
  if (age < 0) return {};
  return StateStore::Sample{std::move(record->payload), age};
}

std::string save_sample(const Folder& folder, const std::string& identity, std::string_view payload) {
  if (payload.size() > StateStore::max_payload)
    return complaint(folder.path, "a sample of " + std::to_string(payload.size()) + " bytes is too large");
  if (identity.size() > max_key) return complaint(folder.path, "the key is too long");
  const std::string bytes = encode({now(), identity, std::string(payload)});
  if (replace_file(folder.fd.get(), file_name(identity), bytes)) return {};
  return complaint(folder.path, reason(errno));
}

}  // namespace

StateStore::StateStore(std::string plugin, std::string directory)
    : plugin_(std::move(plugin)), directory_(std::move(directory)), enabled_(true) {}

StateStore StateStore::disabled() { return StateStore(); }

// The first problem is kept: later ones follow from it.
std::optional<StateStore::Sample> StateStore::load(std::string_view key) {
  if (!enabled_) return {};
  std::string problem;
  std::optional<Sample> sample;
  Folder folder = open_folder(directory_, false);
  if (!folder.fd) problem = folder.problem;
  // Two runs that save while we read write over what we have open: what is there then is whole.
  for (int tries = 0; folder.fd && tries < 3 && (tries == 0 || !problem.empty()); ++tries) {
    problem.clear();
    sample = load_sample(folder, identity_of(plugin_, key), problem);
  }
  if (problem_.empty()) problem_ = problem.empty() ? folder.problem : problem;
  return sample;
}

void StateStore::save(std::string_view key, std::string_view payload) {
  keeps_ = false;
  if (!enabled_) return;
  const std::string identity = identity_of(plugin_, key);
  Folder folder = open_folder(directory_, true);
  std::string problem = folder.problem;
  if (folder.fd) {
    const FileDescriptor held = lock(folder, file_name(identity), problem);
    const std::string failure = save_sample(folder, identity, payload);
    keeps_ = failure.empty();
    if (!failure.empty()) problem = failure;
  }
  if (problem_.empty()) problem_ = problem;
}

void StateStore::update(
    std::string_view key,
    const std::function<std::optional<std::string>(const std::optional<Sample>&)>& change) {
  const std::string identity = identity_of(plugin_, key);
  keeps_ = false;
  Folder folder;
  if (enabled_) folder = open_folder(directory_, true);
  if (problem_.empty()) problem_ = folder.problem;
  if (!folder.fd) {
    change(std::nullopt);
    return;
  }
  std::string problem;
  const FileDescriptor held = lock(folder, file_name(identity), problem);
  const std::optional<Sample> sample = load_sample(folder, identity, problem);
  const std::optional<std::string> payload = change(sample);
  if (payload) {
    const std::string failure = save_sample(folder, identity, *payload);
    keeps_ = failure.empty();
    if (!failure.empty()) problem = failure;
  }
  if (problem_.empty()) problem_ = problem;
}

}  // namespace evenkeel
