#include "evenkeel/state_store.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace evenkeel {
namespace {

constexpr const char* shared_directory = "/var/lib/evenkeel";
constexpr std::size_t max_key = 4096;
constexpr std::size_t max_header = 200;
constexpr std::size_t checksum_length = 16;
constexpr std::size_t max_record = max_header + max_key + StateStore::max_payload + checksum_length;
// Once a lock did not come, there is little hope for the next: fifty targets whose locks are all held must
// not cost fifty times as much.
constexpr std::int64_t first_patience_ns = 500'000'000;
constexpr std::int64_t later_patience_ns = 10'000'000;
std::atomic<std::int64_t> lock_patience_ns{first_patience_ns};

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() { close(); }

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  // Network file systems report a full disk here.
  bool close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

// Not strerror(): that is neither safe with threads nor the same in every locale.
std::string reason(int error) {
  if (error == ELOOP) return "a link, which is not followed";
  const char* text = strerrordesc_np(error);
  return text ? text : "error " + std::to_string(error);
}

std::string complaint(const std::string& where, const std::string& why) {
  return "could not keep state in " + where + ": " + why;
}

// FNV-1a, 64 bits. It tells files apart and notices torn ones; against forgery stands the folder's mode.
std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3u;
  }
  return hash;
}

std::string hex(std::uint64_t value) {
  std::string digits(checksum_length, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value >>= 4)
    *digit = "0123456789abcdef"[value & 15];
  return digits;
}

// ---- the moment a sample was taken ----

struct Moment {
  std::string boot_id = "-";       // "-" where the kernel does not say
  std::int64_t since_boot_ns = 0;  // a clock that no one sets, suspension included
  std::int64_t wall_ns = 0;
};

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::string read_boot_id() {
  const FileDescriptor file(open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  std::array<char, 36> id{};  // a UUID
  if (!file || read(file.get(), id.data(), id.size()) != static_cast<ssize_t>(id.size())) return "-";
  const std::string text(id.data(), id.size());
  return text.find_first_of(" \n") == std::string::npos ? text : "-";
}

Moment now() {
  static const std::string boot_id = read_boot_id();
  return {boot_id, clock_ns(CLOCK_BOOTTIME), clock_ns(CLOCK_REALTIME)};
}

// After a reboot only the wall clock is left. Negative: from the future.
double seconds_between(const Moment& then, const Moment& now) {
  const bool same_boot = then.boot_id == now.boot_id && now.boot_id != "-";
  const double nanoseconds =
      same_boot ? static_cast<double>(now.since_boot_ns) - static_cast<double>(then.since_boot_ns)
                : static_cast<double>(now.wall_ns) - static_cast<double>(then.wall_ns);
  return nanoseconds / 1e9;
}

// ---- the record in a file ----
//
//   evenkeel-state 1 BOOT-ID SINCE-BOOT-NS WALL-NS KEY-LENGTH PAYLOAD-LENGTH\n
//   KEY PAYLOAD CHECKSUM        (no spaces; the checksum is of all before it)

struct Record {
  Moment taken;
  std::string key;
  std::string payload;
};

std::string encode(const Record& record) {
  std::string bytes = "evenkeel-state 1 " + record.taken.boot_id + ' ' +
                      std::to_string(record.taken.since_boot_ns) + ' ' +
                      std::to_string(record.taken.wall_ns) + ' ' + std::to_string(record.key.size()) + ' ' +
                      std::to_string(record.payload.size()) + '\n';
  bytes += record.key;
  bytes += record.payload;
  bytes += hex(fnv1a(bytes));
  return bytes;
}

std::string_view next_field(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

template <class Number>
bool read_number(std::string_view field, Number& number) {
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  return error == std::errc{} && end == field.data() + field.size();
}

// Nothing for whatever encode() cannot have written.
std::optional<Record> decode(std::string_view bytes) {
  if (bytes.size() < checksum_length) return {};
  const std::string_view body = bytes.substr(0, bytes.size() - checksum_length);
  if (bytes.substr(body.size()) != hex(fnv1a(body))) return {};

  const std::size_t newline = body.substr(0, max_header).find('\n');
  if (newline == std::string_view::npos) return {};
  std::string_view header = body.substr(0, newline);
  const std::string_view content = body.substr(newline + 1);
  if (next_field(header) != "evenkeel-state" || next_field(header) != "1") return {};

  Record record;
  record.taken.boot_id = next_field(header);
  std::size_t key_length = 0;
  std::size_t payload_length = 0;
  if (!read_number(next_field(header), record.taken.since_boot_ns) ||
      !read_number(next_field(header), record.taken.wall_ns) ||
      !read_number(next_field(header), key_length) || !read_number(next_field(header), payload_length) ||
      !header.empty() || key_length > max_key || payload_length > StateStore::max_payload ||
      content.size() != key_length + payload_length)
    return {};
  record.key = content.substr(0, key_length);
  record.payload = content.substr(key_length);
  return record;
}

// ---- the folder ----

struct Directory {
  std::string path;
  bool is_home = false;  // made with its parents, for this user alone
};

bool is_user_folder_in(const std::string& directory) {
  struct stat status {};
  return lstat((directory + '/' + std::to_string(geteuid())).c_str(), &status) == 0;
}

// A run by hand as root often has the environment of somebody else: a folder that root makes in there
// would lock that somebody out.
bool is_anothers_home(std::string path) {
  if (geteuid() != 0) return false;
  struct stat status {};
  while (stat(path.c_str(), &status) != 0) {
    const std::size_t slash = path.rfind('/');
    if (slash == 0 || slash == std::string::npos) return false;
    path.resize(slash);
  }
  return status.st_uid != 0;
}

std::string absolute_path_from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value == '/' ? value : "";
}

std::string home_of_user() {
  std::string home = absolute_path_from_environment("HOME");
  if (!home.empty() && !is_anothers_home(home)) return home;
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found && found->pw_dir && *found->pw_dir == '/' ? found->pw_dir : "";
}

Directory state_directory(const std::string& given) {
  if (!given.empty()) return {given};
  if (const char* named = std::getenv("EVENKEEL_STATE_DIR"); named && *named) return {named};
  if (is_user_folder_in(shared_directory) ||
      faccessat(AT_FDCWD, shared_directory, W_OK | X_OK, AT_EACCESS) == 0)
    return {shared_directory};
  const std::string state_home = absolute_path_from_environment("XDG_STATE_HOME");
  if (!state_home.empty() && !is_anothers_home(state_home)) return {state_home + "/evenkeel", true};
  const std::string home = home_of_user();
  if (home.empty()) return {};
  return {home + "/.local/state/evenkeel", true};
}

// O_NOFOLLOW looks at the last component only, and "link/" has an empty one.
void strip_trailing_slashes(std::string& path) {
  while (path.size() > 1 && (path.ends_with('/') || path.ends_with("/.")))
    path.resize(path.size() - (path.ends_with('/') ? 1 : 2));
  if (path.empty()) path = "/";
}

// Returns errno of what kept the directory from being made, 0 where it is there.
int make_directory(const Directory& directory) {
  if (directory.is_home)
    for (std::size_t slash = directory.path.find('/', 1); slash != std::string::npos;
         slash = directory.path.find('/', slash + 1))
      mkdir(directory.path.substr(0, slash).c_str(), 0700);
  if (mkdir(directory.path.c_str(), 0700) != 0) return errno == EEXIST ? 0 : errno;

  // Root's folder must serve the users that run the check on schedule, like /var/lib/evenkeel.
  if (directory.is_home || geteuid() != 0) return 0;
  const FileDescriptor made(open(directory.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return made && fchmod(made.get(), 01777) == 0 ? 0 : errno;
}

struct Folder {
  FileDescriptor fd;
  std::string path;
  std::string problem;  // why there is none; empty, too, where it was not made yet
};

std::string why_not_trusted(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return reason(errno);
  if (status.st_uid != geteuid()) return "the folder belongs to user id " + std::to_string(status.st_uid);
  if ((status.st_mode & 077) != 0) return "others have access to the folder, wanted is mode 0700";
  return {};
}

FileDescriptor open_directory(int parent, const std::string& name, int access) {
  FileDescriptor fd(openat(parent, name.c_str(), access | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!fd && errno == ENOTDIR) {
    const bool link =
        fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
    errno = link ? ELOOP : ENOTDIR;
  }
  return fd;
}

// One that is not there is made, where it shall be. Fails with errno, best with that of the making.
template <class Make>
FileDescriptor open_or_make(int parent, const std::string& name, int access, bool create, const Make& make) {
  FileDescriptor fd = open_directory(parent, name, access);
  if (fd || errno != ENOENT || !create) return fd;
  const int error = make();
  fd = open_directory(parent, name, access);
  if (!fd && errno == ENOENT && error != 0) errno = error;
  return fd;
}

// The user's own folder in `directory`. Fails with errno.
FileDescriptor open_user_folder(const Directory& directory, const std::string& user, bool create) {
  // O_PATH: a directory in which we may only pass is enough.
  const FileDescriptor parent =
      open_or_make(AT_FDCWD, directory.path, O_PATH, create, [&] { return make_directory(directory); });
  if (!parent) return FileDescriptor();
  return open_or_make(parent.get(), user, O_RDONLY, create,
                      [&] { return mkdirat(parent.get(), user.c_str(), 0700) == 0 ? 0 : errno; });
}

// Whatever others have put in the folder's place is not used.
Folder open_folder(const std::string& given, bool create) {
  Folder folder;
  Directory directory = state_directory(given);
  if (directory.path.empty()) {
    folder.problem = "could not keep state: no writable folder, see --state-dir";
    return folder;
  }
  strip_trailing_slashes(directory.path);
  const std::string user = std::to_string(geteuid());
  folder.path = directory.path + '/' + user;
  folder.fd = open_user_folder(directory, user, create);
  if (!folder.fd) {
    if (create || errno != ENOENT) folder.problem = complaint(directory.path, reason(errno));
    return folder;
  }
  if (const std::string why = why_not_trusted(folder.fd.get()); !why.empty()) {
    folder.problem = complaint(folder.path, why);
    folder.fd.close();
  }
  return folder;
}

// ---- the files in it: NAME.state, NAME.previous, NAME.lock ----

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
  return name + '-' + hex(fnv1a(identity));
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
  const std::int64_t give_up = clock_ns(CLOCK_MONOTONIC) + lock_patience_ns.load();
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      problem = "went on without a lock in " + folder.path + ": " + reason(errno);
      return FileDescriptor();
    }
    if (clock_ns(CLOCK_MONOTONIC) >= give_up) {
      lock_patience_ns = later_patience_ns;
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
  if (problem_.empty()) problem_ = problem;
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

std::string fingerprint(std::string_view text) { return hex(fnv1a(text)); }

}  // namespace evenkeel
