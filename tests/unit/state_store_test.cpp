#include "evenkeel/state_store.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using evenkeel::StateStore;

constexpr uid_t nobody = 65534;

// A scratch folder that every user may enter.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "evenkeel-state-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
    fs::permissions(path_, fs::perms(0755));
  }
  ~Scratch() { fs::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  std::string mine() const { return *this / std::to_string(geteuid()); }

 private:
  fs::path path_;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  fs::permissions(path, fs::perms(0600));
}

std::vector<std::string> files_ending(const std::string& folder, const std::string& ending) {
  std::vector<std::string> found;
  if (fs::exists(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().string().ends_with(ending)) found.push_back(entry.path().string());
  return found;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

// The file's name for a key, found by saving: the test does not know how names are made.
std::string path_for(const Scratch& scratch, const std::string& key) {
  StateStore store("check_x", scratch.path());
  store.save(key, "a sample");
  REQUIRE(store.problem() == "");
  const auto found = files_ending(scratch.mine(), ".state");
  REQUIRE(found.size() == 1);
  return found.front();
}

// The rest of the format is written down here a second time, so that a change of it is noticed.
std::string with_checksum(std::string body) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : body) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return body + digits;
}

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::string boot_id() { return read_file("/proc/sys/kernel/random/boot_id").substr(0, 36); }

// Runs `work` in a process of its own and returns what it returns.
std::string in_child(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    const std::string result = work();
    const ssize_t put = write(ends[1], result.data(), result.size());
    _exit(put == static_cast<ssize_t>(result.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string result;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    result.append(buffer, static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(status == 0);
  return result;
}

bool become(uid_t user) { return geteuid() != 0 || setresuid(user, user, user) == 0; }

// Mounts made after this end with the process, however it ends.
bool own_mounts() {
  return unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

bool may_mount() {
  return in_child([] { return std::string(own_mounts() ? "yes" : "no"); }) == "yes";
}

bool is_root() { return geteuid() == 0; }

}  // namespace

TEST_CASE("state: what is saved is loaded") {
  const Scratch scratch;
  const std::vector<std::pair<std::string, std::string>> table = {
      {"text", "counter 42"},
      {"empty", ""},
      {"lines", "a\nb\n\n"},
      {"binary", std::string("\0\xff\x01 evenkeel-state 1 ", 20)},
      {"largest", std::string(StateStore::max_payload, 'x')},
      {"", "the empty key"},
      {"db1:3306/east \n \xc3\xa9", "an odd key"},
      {std::string(3000, 'k'), "a long key"},
  };
  for (const auto& [key, payload] : table) {
    CAPTURE(key.substr(0, 20));
    StateStore writer("check_x", scratch.path());
    writer.save(key, payload);
    CHECK(writer.problem() == "");
    StateStore reader("check_x", scratch.path());
    const auto sample = reader.load(key);
    REQUIRE(sample);
    CHECK(sample->payload == payload);
    CHECK(sample->age >= 0);
    CHECK(sample->age < 60);
    CHECK(reader.problem() == "");
  }
}

TEST_CASE("state: nothing was saved yet") {
  const Scratch scratch;
  for (const std::string& directory : {scratch.path(), scratch / "missing"}) {
    StateStore store("check_x", directory);
    CHECK_FALSE(store.load("key"));
    CHECK(store.problem() == "");
    CHECK_FALSE(fs::exists(scratch / "missing"));
  }
}

TEST_CASE("state: keys and plugins do not meet") {
  const Scratch scratch;
  const std::vector<std::pair<std::string, std::string>> table = {
      {"check_x", "db:1"},
      {"check_x", "db-1"},
      {"check_x", "db 1"},
      {"check_x", "DB:1"},
      {"check_y", "db:1"},
      {"check_x", "db:1 "},
      {"check_x", "../db:1"},
      {"check_x", "db/1"},
      {"check_x", std::string(200, 'a') + "1"},
      {"check_x", std::string(200, 'a') + "2"},
  };
  for (const auto& [plugin, key] : table) StateStore(plugin, scratch.path()).save(key, plugin + key);
  for (const auto& [plugin, key] : table) {
    const auto sample = StateStore(plugin, scratch.path()).load(key);
    REQUIRE(sample);
    CHECK(sample->payload == plugin + key);
  }
  CHECK(files_ending(scratch.mine(), ".state").size() == table.size());
}

TEST_CASE("state: a record under another key's name is a miss, as a collision of hashes would be") {
  const Scratch scratch;
  const std::string file = path_for(scratch, "key");
  const std::string record = read_file(file);
  StateStore("check_x", scratch.path()).save("other", "x");
  for (const std::string& path : files_ending(scratch.mine(), ".state"))
    if (path != file) write_file(path, record);
  StateStore store("check_x", scratch.path());
  CHECK_FALSE(store.load("other"));
  CHECK(store.problem() == "");
}

TEST_CASE("state: files are for their owner alone, whatever the umask") {
  for (const mode_t mask : {0000u, 0022u, 0077u}) {
    const Scratch scratch;
    const mode_t before = umask(mask);
    StateStore("check_x", scratch.path()).save("key", "x");
    umask(before);
    CHECK(mode_of(scratch.mine()) == 0700);
    REQUIRE(files_ending(scratch.mine(), ".state").size() == 1);
    for (const std::string& file : files_ending(scratch.mine(), "")) CHECK(mode_of(file) == 0600);
  }
}

TEST_CASE("state: a sample that was opened to others is closed again when it is written over") {
  const Scratch scratch;
  StateStore store("check_x", scratch.path());
  const std::string file = path_for(scratch, "key");
  store.save("key", "first");
  const std::vector<std::string> previous = files_ending(scratch.mine(), ".previous");
  REQUIRE(previous.size() == 1);
  REQUIRE(chmod(previous.front().c_str(), 0644) == 0);
  store.save("key", "second");
  CHECK(mode_of(file) == 0600);
  CHECK(store.load("key")->payload == "second");
}

TEST_CASE("state: garbage is no sample, is complained of, and goes with the next save") {
  const Scratch scratch;
  const std::string file = path_for(scratch, "key");
  const std::string good = read_file(file);
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  const std::string now = std::to_string(clock_ns(CLOCK_REALTIME));
  const std::string start = "evenkeel-state 1 - 0 " + now + ' ';

  const std::vector<std::pair<std::string, std::string>> table = {
      {"empty", ""},
      {"one byte", "x"},
      {"text", "this is not a state file, but it is longer than a checksum\n"},
      {"zeros", std::string(1000, '\0')},
      {"last byte missing", good.substr(0, good.size() - 1)},
      {"half", good.substr(0, good.size() / 2)},
      {"one byte too many", good + "x"},
      {"one bit flipped", flipped},
      {"twice", good + good},
      {"another version", with_checksum("evenkeel-state 2 - 0 " + now + " 11 1\ncheck_x keyz")},
      {"no newline", with_checksum("evenkeel-state 1 - 0 " + now + " 11 1")},
      {"endless header", with_checksum(std::string(100000, ' ') + "\n")},
      {"field missing", with_checksum("evenkeel-state 1 - 0 11 1\ncheck_x keyz")},
      {"field too many", with_checksum(start + "11 1 1\ncheck_x keyz")},
      {"length too small", with_checksum(start + "11 0\ncheck_x keyz")},
      {"length too large", with_checksum(start + "11 2\ncheck_x keyz")},
      {"lengths that overflow to fit", with_checksum(start + "18446744073709551615 13\ncheck_x keyz")},
      {"negative length", with_checksum(start + "-1 13\ncheck_x keyz")},
      {"length of no number", with_checksum(start + "11 one\ncheck_x keyz")},
      {"time too large", with_checksum("evenkeel-state 1 - 0 99999999999999999999 11 1\ncheck_x keyz")},
      {"larger than any record", std::string(StateStore::max_payload + 100000, 'x')},
  };
  for (const auto& [name, bytes] : table) {
    CAPTURE(name);
    write_file(file, bytes);
    StateStore store("check_x", scratch.path());
    CHECK_FALSE(store.load("key"));
    CHECK_THAT(store.problem(), Contains("did not use") && Contains(file));
    StateStore next("check_x", scratch.path());
    next.save("key", "fresh");
    CHECK(next.problem() == "");
    const auto sample = next.load("key");
    REQUIRE(sample);
    CHECK(sample->payload == "fresh");
  }
  // The table's shape is right: without a fault it is a sample.
  write_file(file, with_checksum("evenkeel-state 1 - 0 " + now + " 11 1\ncheck_x keyz"));
  CHECK(StateStore("check_x", scratch.path()).load("key").value().payload == "z");
}

TEST_CASE("state: a huge file is not read") {
  const Scratch scratch;
  const std::string file = path_for(scratch, "key");
  fs::resize_file(file, std::uintmax_t{1} << 40);
  StateStore store("check_x", scratch.path());
  CHECK_FALSE(store.load("key"));
  CHECK_THAT(store.problem(), Contains("it is too large"));
}

TEST_CASE("state: age, and samples from the future") {
  const Scratch scratch;
  const std::string file = path_for(scratch, "key");
  const std::int64_t second = 1'000'000'000;
  const std::string here = boot_id(), elsewhere = "11111111-2222-3333-4444-555555555555";
  struct Row {
    const char* name;
    std::string boot;
    std::int64_t since_boot_ago, wall_ago, age;  // seconds; age -1: no sample
  };
  const std::vector<Row> table = {
      {"same boot", here, 300, 300, 300},
      {"same boot, the clock was set back an hour", here, 300, -3300, 300},
      {"same boot, the clock was set on a year", here, 300, 31536000, 300},
      {"same boot, later than now", here, -30, 300, -1},
      {"after a reboot", elsewhere, -5000, 600, 600},
      {"after a reboot, the clock was set back", elsewhere, 600, -600, -1},
      {"boot unknown", "-", 9999, 600, 600},
      {"boot unknown, later than now", "-", 9999, -30, -1},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    const auto stamp = [&](clockid_t clock, std::int64_t ago) {
      return std::to_string(clock_ns(clock) - ago * second);
    };
    write_file(
        file, with_checksum("evenkeel-state 1 " + row.boot + ' ' + stamp(CLOCK_BOOTTIME, row.since_boot_ago) +
                            ' ' + stamp(CLOCK_REALTIME, row.wall_ago) + " 11 1\ncheck_x keyz"));
    StateStore store("check_x", scratch.path());
    const auto sample = store.load("key");
    CHECK(store.problem() == "");
    REQUIRE(sample.has_value() == (row.age >= 0));
    if (sample) CHECK(sample->age == Approx(static_cast<double>(row.age)).margin(20));
  }
}

TEST_CASE("state: what stands in the file's place is neither followed nor waited for") {
  const Scratch scratch;
  const std::string file = path_for(scratch, "key");
  const std::string elsewhere = scratch / "elsewhere";
  struct Row {
    const char* name;
    std::function<void()> put;
    std::string why;
    bool root_only = false;
  };
  const std::vector<Row> table = {
      {"a link to a good record", [&] { REQUIRE(symlink(elsewhere.c_str(), file.c_str()) == 0); }, "a link"},
      {"a link to nowhere", [&] { REQUIRE(symlink("/nonexistent", file.c_str()) == 0); }, "a link"},
      {"a FIFO", [&] { mkfifo(file.c_str(), 0600); }, "not a regular file"},
      {"another user's file",
       [&] {
         fs::copy_file(elsewhere, file);
         REQUIRE(chown(file.c_str(), nobody, nobody) == 0);
       },
       "belongs to user id 65534", true},
  };
  fs::copy_file(file, elsewhere);
  const std::string before = read_file(elsewhere);
  for (const Row& row : table) {
    CAPTURE(row.name);
    if (row.root_only && !is_root()) {
      WARN("SKIPPED, needs root: " << row.name);
      continue;
    }
    fs::remove(file);
    row.put();
    StateStore reader("check_x", scratch.path());
    CHECK_FALSE(reader.load("key"));
    CHECK_THAT(reader.problem(), Contains(row.why));
    StateStore writer("check_x", scratch.path());
    writer.save("key", "fresh");
    CHECK(writer.problem() == "");
    CHECK(fs::is_regular_file(fs::symlink_status(file)));
    CHECK(writer.load("key").value().payload == "fresh");
    CHECK(read_file(elsewhere) == before);
  }
}

TEST_CASE("state: a folder in the file's place is left alone") {
  const Scratch scratch;
  const std::string file = path_for(scratch, "key");
  fs::remove(file);
  fs::create_directory(file);
  StateStore store("check_x", scratch.path());
  CHECK_FALSE(store.load("key"));
  StateStore writer("check_x", scratch.path());
  writer.save("key", "fresh");
  CHECK_THAT(writer.problem(), Contains("could not keep state") && Contains("Is a directory"));
  CHECK(fs::is_directory(file));
  CHECK(files_ending(scratch.mine(), ".previous").empty());
}

TEST_CASE("state: links in place of the lock and of the previous sample are not followed") {
  const Scratch scratch;
  const std::string file = path_for(scratch, "key");
  const std::string stem = file.substr(0, file.size() - std::string(".state").size());
  const std::string victim = scratch / "victim";
  write_file(victim, "precious");
  for (const char* ending : {".lock", ".previous"}) {
    CAPTURE(ending);
    fs::remove(stem + ending);
    fs::create_symlink(victim, stem + ending);
    StateStore store("check_x", scratch.path());
    store.save("key", "fresh");
    CHECK(read_file(victim) == "precious");
    CHECK(store.load("key").value().payload == "fresh");
  }
}

TEST_CASE("state: folders that are not ours alone are not used") {
  struct Row {
    const char* name;
    std::function<void(const Scratch&)> put;
    std::string directory;  // below the scratch folder
    std::string why;
    bool root_only = false;
    bool squatted = true;  // what is in the way is in the place of the user's own folder
  };
  const auto own = std::to_string(geteuid());
  const auto make = [own](const Scratch& s, mode_t mode) {
    fs::create_directories(s / ("base/" + own));
    chmod((s / ("base/" + own)).c_str(), mode);
  };
  const auto link_base = [](const Scratch& s) {
    fs::create_directory(s / "elsewhere");
    fs::create_directory_symlink(s / "elsewhere", s / "base");
  };
  const std::vector<Row> table = {
      {"mode 0777", [&](const Scratch& s) { make(s, 0777); }, "base", "wanted is mode 0700"},
      {"mode 0750", [&](const Scratch& s) { make(s, 0750); }, "base", "wanted is mode 0700"},
      {"mode 0701", [&](const Scratch& s) { make(s, 0701); }, "base", "wanted is mode 0700"},
      {"made by another user",
       [&](const Scratch& s) {
         make(s, 0700);
         REQUIRE(chown((s / ("base/" + own)).c_str(), nobody, nobody) == 0);
       },
       "base", "belongs to user id 65534", true},
      {"a link",
       [&](const Scratch& s) {
         fs::create_directory(s / "base");
         fs::create_directory(s / "elsewhere");
         fs::permissions(s / "elsewhere", fs::perms(0700));
         fs::create_directory_symlink(s / "elsewhere", s / ("base/" + own));
       },
       "base", "a link"},
      {"a file",
       [&](const Scratch& s) {
         fs::create_directory(s / "base");
         write_file(s / ("base/" + own), "x");
       },
       "base", "Not a directory"},
      {"the folder of all users is a link", link_base, "base", "a link", false, false},
      {"… with a slash at the end", link_base, "base/", "a link", false, false},
      {"… with a dot at the end", link_base, "base/.", "a link", false, false},
      {"… and a file", [](const Scratch& s) { write_file(s / "base", "x"); }, "base", "Not a directory",
       false, false},
      {"… or in no folder", [](const Scratch&) {}, "no/base", "No such file or directory", false, false},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    if (row.root_only && !is_root()) {
      WARN("SKIPPED, needs root: " << row.name);
      continue;
    }
    const Scratch scratch;
    const Scratch home;
    setenv("XDG_STATE_HOME", home.path().c_str(), 1);
    row.put(scratch);
    StateStore store("check_x", scratch / row.directory);
    CHECK_FALSE(store.load("key"));
    store.save("key", "secret");
    CHECK_THAT(store.problem(), Contains("could not keep state in ") && Contains(row.why));
    const std::string instead = "; it is kept in " + (home / ("evenkeel/" + own));
    CHECK(store.problem().ends_with(instead) == row.squatted);
    CHECK(store.load("key").has_value() == row.squatted);

    bool asked = false;
    StateStore updater("check_x", scratch / row.directory);
    updater.update("key", [&](const auto& sample) {
      asked = sample.has_value() == row.squatted;
      return std::optional<std::string>("x");
    });
    CHECK(asked);
    CHECK_THAT(updater.problem(), Contains(row.why));
    unsetenv("XDG_STATE_HOME");
    for (const auto& entry : fs::recursive_directory_iterator(scratch.path()))
      CHECK_FALSE(entry.path().string().ends_with(".state"));
  }
}

TEST_CASE("state: a run by hand as root never breaks the scheduled run") {
  if (!is_root()) {
    WARN("SKIPPED, needs root");
    return;
  }
  const Scratch home;
  REQUIRE(chown(home.path().c_str(), nobody, nobody) == 0);
  const auto save_as_nobody = [&](const std::string& directory) {
    return in_child([&] {
      if (!become(nobody)) return std::string("cannot become nobody");
      setenv("XDG_STATE_HOME", home.path().c_str(), 1);
      StateStore store("check_x", directory);
      store.save("key", "scheduled");
      return store.problem() + (store.load("key") ? " loaded" : " not loaded");
    });
  };
  const Scratch scratch;
  const std::string made_by_root = scratch / "made by root";
  const std::string made_before = scratch / "made before";
  fs::create_directory(made_before);
  chmod(made_before.c_str(), 01777);
  for (const std::string& directory : {made_by_root, made_before}) {
    CAPTURE(directory);
    StateStore by_hand("check_x", directory);
    by_hand.save("key", "by hand");
    CHECK(by_hand.problem() == "");
    CHECK(by_hand.load("key").value().payload == "by hand");
  }
  CHECK(save_as_nobody(made_before) == " loaded");
  CHECK(mode_of(made_before) == 01777);
  // Nobody but the package makes a folder for all.
  CHECK(mode_of(made_by_root) == 0700);
  CHECK(save_as_nobody(made_by_root) == "could not keep state in " + made_by_root +
                                            ": Permission denied; it is kept in " +
                                            (home / "evenkeel/65534") + " loaded");
}

// Whose folder it is, who may write to it, whether a link leads to it, and who asks: state is kept there, or
// elsewhere with a reason, and never where somebody can put another folder in its place.
TEST_CASE("state: a folder that everybody may write to needs the sticky bit") {
  const mode_t mode = GENERATE(0700u, 0755u, 0775u, 0777u, 0707u, 0703u, 0733u, 01777u, 01733u, 01755u);
  const uid_t owner = GENERATE(0u, nobody);
  const uid_t asker = GENERATE(0u, nobody);
  const bool by_link = GENERATE(false, true);
  const bool was_there = GENERATE(false, true);
  if (!is_root()) return;
  CAPTURE(mode, owner, asker, by_link, was_there);
  const Scratch scratch;
  const Scratch home;
  REQUIRE(chown(home.path().c_str(), asker, asker) == 0);
  const std::string base = scratch / "base";
  fs::create_directory(base);
  const std::string own = base + "/" + std::to_string(asker);
  if (was_there) {
    fs::create_directory(own);
    REQUIRE((chmod(own.c_str(), 0700) == 0 && chown(own.c_str(), asker, asker) == 0));
  }
  REQUIRE((chown(base.c_str(), owner, owner) == 0 && chmod(base.c_str(), mode) == 0));
  if (by_link) fs::create_directory_symlink(base, scratch / "link");
  setenv("XDG_STATE_HOME", home.path().c_str(), 1);
  REQUIRE(seteuid(asker) == 0);
  std::string problem;
  bool kept = false;
  {
    StateStore store("check_x", scratch / (by_link ? "link" : "base"));
    store.save("key", "kept");
    problem = store.problem();
    kept = store.load("key").has_value();
  }
  REQUIRE(seteuid(0) == 0);
  unsetenv("XDG_STATE_HOME");
  CAPTURE(problem);
  const bool replaceable = (mode & 0002) != 0 && (mode & 01000) == 0;
  if (by_link) {
    CHECK_THAT(problem, Contains("a link"));
  } else if (replaceable && (asker == 0 || (mode & 0001) != 0 || owner == asker)) {
    CHECK_THAT(problem, Contains("everybody may replace what is in it") && Contains("it is kept in "));
    CHECK(kept);
  }
  const bool used = was_there ? fs::exists(own) && !fs::is_empty(own) : fs::exists(own);
  if (by_link || replaceable) CHECK_FALSE(used);
  if (problem.empty()) CHECK((kept && used));
}

TEST_CASE("state: root makes a folder for itself alone, and follows no link but root's") {
  if (!is_root()) {
    WARN("SKIPPED, needs root");
    return;
  }
  struct Row {
    const char* name;
    std::function<void(const Scratch&)> put;
    std::string directory;
    std::string why;  // empty where state is kept
  };
  const auto give = [](const std::string& path) { REQUIRE(lchown(path.c_str(), nobody, nobody) == 0); };
  const auto link = [](const Scratch& s, const char* target, const char* name) {
    fs::create_directory_symlink(target, s / name);
  };
  const std::vector<Row> table = {
      {"a new folder", [](const Scratch&) {}, "new", ""},
      {"root's link on the way",
       [&](const Scratch& s) {
         fs::create_directory(s / "real");
         link(s, (s / "real").c_str(), "way");
       },
       "way/new", ""},
      {"root's relative link, with dots on the way",
       [&](const Scratch& s) {
         fs::create_directories(s / "real/deep");
         link(s, "./real/../real/deep", "way");
       },
       "way/../deep/new", ""},
      {"another's link on the way",
       [&](const Scratch& s) {
         fs::create_directory(s / "real");
         link(s, "real", "way");
         give(s / "way");
       },
       "way/new", "a link"},
      {"root's link in a folder that others may write to",
       [&](const Scratch& s) {
         fs::create_directories(s / "open");
         fs::create_directory(s / "real");
         chmod((s / "open").c_str(), 0777);
         link(s, "../real", "open/way");
       },
       "open/way/new", "a link"},
      {"root's link in another's folder",
       [&](const Scratch& s) {
         fs::create_directories(s / "theirs");
         fs::create_directory(s / "real");
         link(s, "../real", "theirs/way");
         give(s / "theirs");
       },
       "theirs/way/new", "a link"},
      {"links in a circle",
       [&](const Scratch& s) {
         link(s, "b", "a");
         link(s, "a", "b");
       },
       "a/new", "a link"},
      {"a folder in another's folder",
       [&](const Scratch& s) {
         fs::create_directory(s / "theirs");
         give(s / "theirs");
       },
       "theirs/new", "Operation not permitted"},
      {"a missing parent", [](const Scratch&) {}, "no/new", "No such file or directory"},
  };
  for (const Row& row : table)
    for (const bool named_by_environment : {false, true}) {
      CAPTURE(row.name, named_by_environment);
      const Scratch scratch;
      row.put(scratch);
      const std::string directory = scratch / row.directory;
      if (named_by_environment) setenv("EVENKEEL_STATE_DIR", directory.c_str(), 1);
      StateStore store("check_x", named_by_environment ? "" : directory);
      store.save("key", "x");
      unsetenv("EVENKEEL_STATE_DIR");
      if (row.why.empty()) {
        CHECK(store.problem() == "");
        CHECK(mode_of(directory) == 0700);
      } else {
        CHECK_THAT(store.problem(), Contains(row.why));
        CHECK(access(directory.c_str(), F_OK) != 0);
      }
    }
}

TEST_CASE("state: the folder, where none is given") {
  if (!is_root() || !may_mount()) {
    WARN("SKIPPED, needs root with mounts: the folder, where none is given");
    return;
  }
  struct Row {
    const char* name;
    uid_t user;
    bool shared;  // /var/lib/evenkeel is there, mode 1777
    const char *evenkeel_state_dir, *xdg_state_home, *home;
    std::string expected;  // the file's folder
  };
  // /var/lib and /root are covered in a mount namespace; /root/nobody belongs to nobody.
  const std::vector<Row> table = {
      {"environment first", 0, true, "/root/env", "/root/xdg", "/root", "/root/env/0"},
      {"then the shared one", 0, true, "", "/root/xdg", "/root", "/var/lib/evenkeel/0"},
      {"then XDG", 0, false, "", "/root/xdg", "/root", "/root/xdg/evenkeel/0"},
      {"then home", 0, false, "", "", "/root", "/root/.local/state/evenkeel/0"},
      {"XDG must be absolute", 0, false, "", "xdg", "/root", "/root/.local/state/evenkeel/0"},
      {"root in another's environment", 0, false, "", "/root/nobody/x", "/root/nobody",
       "/root/.local/state/evenkeel/0"},
      {"no home: the user database's", 0, false, "", "", "", "/root/.local/state/evenkeel/0"},
      {"a user", nobody, true, "", "", "/root/nobody", "/var/lib/evenkeel/65534"},
      {"a user at home", nobody, false, "", "", "/root/nobody", "/root/nobody/.local/state/evenkeel/65534"},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    const std::string found = in_child([&] {
      if (!own_mounts() || mount("none", "/var/lib", "tmpfs", 0, "mode=755") != 0 ||
          mount("none", "/root", "tmpfs", 0, "mode=755") != 0 || chdir("/root") != 0)
        return std::string("cannot mount");
      mkdir("/root/nobody", 0755);
      if (chown("/root/nobody", nobody, nobody) != 0) return std::string("cannot chown");
      if (row.shared && (mkdir("/var/lib/evenkeel", 0777) != 0 || chmod("/var/lib/evenkeel", 01777) != 0))
        return std::string("cannot make the shared folder");
      setenv("EVENKEEL_STATE_DIR", row.evenkeel_state_dir, 1);
      setenv("XDG_STATE_HOME", row.xdg_state_home, 1);
      setenv("HOME", row.home, 1);
      if (!become(row.user)) return std::string("cannot become the user");
      StateStore store("check_x", "");
      store.save("key", "x");
      if (!store.load("key")) return "nothing was kept: " + store.problem();
      return files_ending(row.expected, ".state").size() == 1 ? row.expected : std::string("elsewhere");
    });
    CHECK(found == row.expected);
  }
}

TEST_CASE("state: a read-only folder keeps what it has, and says so") {
  const Scratch scratch;
  if (is_root()) REQUIRE(chown(scratch.path().c_str(), nobody, nobody) == 0);
  const std::string result = in_child([&] {
    if (!become(nobody)) return std::string("cannot become nobody");
    StateStore("check_x", scratch.path()).save("key", "old");
    chmod(scratch.mine().c_str(), 0500);
    StateStore store("check_x", scratch.path());
    std::string seen = "nothing";
    store.update("key", [&](const auto& sample) {
      if (sample) seen = sample->payload;
      return std::optional<std::string>("new");
    });
    const auto kept = StateStore("check_x", scratch.path()).load("key");
    chmod(scratch.mine().c_str(), 0700);
    return seen + ", " + (kept ? kept->payload : "lost") + ", " + store.problem();
  });
  CHECK_THAT(result, Contains("old, old, could not keep state in ") && Contains("Permission denied"));
}

TEST_CASE("state: a read-only file system") {
  if (!may_mount()) {
    WARN("SKIPPED, needs mounts: a read-only file system");
    return;
  }
  const Scratch scratch;
  const std::string result = in_child([&] {
    if (!own_mounts() || mount("none", scratch.path().c_str(), "tmpfs", 0, "mode=755") != 0)
      return std::string("cannot mount");
    StateStore("check_x", scratch.path()).save("key", "old");
    if (mount("none", scratch.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0)
      return std::string("cannot remount");
    StateStore store("check_x", scratch.path());
    store.save("key", "new");
    StateStore fresh("check_x", scratch / "new");
    fresh.save("key", "new");
    return store.load("key").value().payload + ", " + store.problem() + ", " + fresh.problem();
  });
  CHECK(result == "old, could not keep state in " + scratch.mine() + ": Read-only file system, " +
                      "could not keep state in " + scratch / "new" + ": Read-only file system");
}

TEST_CASE("state: a full disk keeps the old sample and leaves no rubbish") {
  const Scratch scratch;
  const bool mounts = may_mount();
  const std::string result = in_child([&] {
    if (mounts &&
        (!own_mounts() || mount("none", scratch.path().c_str(), "tmpfs", 0, "mode=755,size=64k") != 0))
      return std::string("cannot mount");
    StateStore("check_x", scratch.path()).save("key", "old");
    if (!mounts) {  // a limit on file sizes fails a write in the same place
      signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{4096, 4096};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    StateStore store("check_x", scratch.path());
    store.save("key", std::string(300'000, 'x'));
    const bool rubbish = !files_ending(scratch.mine(), ".previous").empty();
    StateStore after("check_x", scratch.path());
    const auto sample = after.load("key");
    return (sample ? sample->payload : "lost") + ", " + (rubbish ? "rubbish" : "clean") + ", " +
           store.problem() + after.problem();
  });
  CHECK(result == "old, clean, could not keep state in " + scratch.mine() + ": " +
                      (mounts ? "No space left on device" : "File too large"));
}

TEST_CASE("state: an oversize sample or key is not kept, the old one stays") {
  const Scratch scratch;
  StateStore("check_x", scratch.path()).save("key", "old");
  StateStore store("check_x", scratch.path());
  store.save("key", std::string(StateStore::max_payload + 1, 'x'));
  CHECK_THAT(store.problem(), Contains("a sample of 1048577 bytes is too large"));
  CHECK(store.load("key").value().payload == "old");
  StateStore other("check_x", scratch.path());
  other.save(std::string(5000, 'k'), "x");
  CHECK_THAT(other.problem(), Contains("the key is too long"));
}

TEST_CASE("state: what a killed run left behind goes with the next save") {
  const Scratch scratch;
  const std::string file = path_for(scratch, "key");
  const std::string leftover = file.substr(0, file.size() - std::string("state").size()) + "previous";
  write_file(leftover, "half a rec");
  StateStore store("check_x", scratch.path());
  store.save("key", "fresh");
  CHECK(store.problem() == "");
  CHECK(store.load("key").value().payload == "fresh");
  store.save("key", "sh");
  CHECK(store.load("key").value().payload == "sh");
}

TEST_CASE("state: files do not pile up") {
  const Scratch scratch;
  for (int run = 0; run < 50; ++run) StateStore("check_x", scratch.path()).save("key", "x");
  CHECK(files_ending(scratch.mine(), "").size() == 3);  // the sample, the one before it, the lock
}

TEST_CASE("state: update") {
  const Scratch scratch;
  StateStore store("check_x", scratch.path());
  const auto append = [&](const char* text, bool write) {
    std::string seen = "none";
    store.update("key", [&](const auto& sample) {
      if (sample) seen = sample->payload;
      return write ? std::optional<std::string>(seen + text) : std::nullopt;
    });
    return seen;
  };
  CHECK(append("a", true) == "none");
  CHECK(append("b", false) == "nonea");
  CHECK(append("c", true) == "nonea");
  CHECK(append("", false) == "noneac");
  CHECK(store.problem() == "");
  CHECK_THROWS_AS(store.update("key", [](const auto&) -> std::optional<std::string> { throw 1; }), int);
  CHECK(append("d", true) == "noneac");  // the lock is free again
  CHECK(store.problem() == "");
}

namespace {

// Adds one to the number in the store.
bool count_up(const std::string& directory) {
  StateStore store("check_x", directory);
  store.update("counter", [](const auto& sample) {
    return std::optional<std::string>(std::to_string(1 + (sample ? std::stol(sample->payload) : 0)));
  });
  // The lock is given to whom asks first, not to whom waits longest: leave it free now and then.
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return store.problem().empty();
}

}  // namespace

TEST_CASE("state: of runs at once none loses the other's sample, and none reads half a record") {
  const Scratch scratch;
  constexpr int runners = 4, rounds = 50;
  std::vector<pid_t> children;
  for (int i = 0; i < runners; ++i) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      bool fine = true;
      for (int round = 0; round < rounds; ++round) fine = count_up(scratch.path()) && fine;
      _exit(fine ? 0 : 1);
    }
    children.push_back(child);
  }
  std::vector<std::thread> threads;
  std::vector<char> fine(runners, 1);
  for (std::size_t i = 0; i < runners; ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < rounds; ++round)
        if (!count_up(scratch.path())) fine[i] = 0;
    });
  StateStore reader("check_x", scratch.path());
  for (int round = 0; round < 2000; ++round) reader.load("counter");
  for (std::thread& thread : threads) thread.join();
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(std::count(fine.begin(), fine.end(), 1) == runners);
  CHECK(reader.problem() == "");
  CHECK(reader.load("counter").value().payload == std::to_string(2 * runners * rounds));
}

TEST_CASE("state: a run that hangs with the lock does not hang others") {
  const Scratch scratch;
  const std::string file = path_for(scratch, "key");
  const std::string lock = file.substr(0, file.size() - std::string("state").size()) + "lock";
  const int held = open(lock.c_str(), O_RDWR);
  REQUIRE(flock(held, LOCK_EX) == 0);
  const auto start = std::chrono::steady_clock::now();
  StateStore store("check_x", scratch.path());
  store.save("key", "fresh");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  CHECK_THAT(store.problem(), Contains("went on without a lock") && Contains("another run holds it"));
  CHECK(store.load("key").value().payload == "fresh");
  StateStore other("check_x", scratch.path());
  other.save("another key", "x");
  CHECK(other.problem() == "");
  close(held);
}

TEST_CASE("state: disabled") {
  StateStore store = StateStore::disabled();
  CHECK_FALSE(store.enabled());
  store.save("key", "x");
  CHECK_FALSE(store.load("key"));
  bool asked = false;
  store.update("key", [&](const auto& sample) {
    asked = !sample;
    return std::optional<std::string>("x");
  });
  CHECK(asked);
  CHECK(store.problem() == "");
  CHECK(StateStore("check_x", "").enabled());
}
