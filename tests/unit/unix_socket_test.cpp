#include "evenkeel/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "scratch_folder.h"

namespace fs = std::filesystem;
using evenkeel::flaw_of_peer;
using evenkeel::flaw_of_unix_socket;
using evenkeel::is_unix_socket;
using evenkeel::ScratchFolder;

namespace {

constexpr uid_t stranger = 54321;

// Below a folder of our own in /tmp, which is safe itself.
class Places {
 public:
  Places() {
    add("safe", 0755);
    add("safe/inner", 0700);
    add("group", 0775);
    add("open", 0777);
    add("sticky", 01777);
    add("sticky/ours", 0755);
    add("sticky/ours_group", 0775);
    add("sticky/ours_open", 0777);
    for (const char* folder : {"safe", "safe/inner", "group", "open", "sticky", "sticky/ours",
                               "sticky/ours_group", "sticky/ours_open"})
      std::ofstream(at(folder) + "/s");
    link("safe/to_safe", at("safe/inner"));
    link("safe/to_sticky", at("sticky"));
    link("safe/relative", "inner/../../safe/./inner");
    link("safe/relative_to_open", "../open");
    link("sticky/to_safe", at("safe"));
    link("open/to_safe", at("safe"));
    link("safe/by_way_of_open", at("open/to_safe"));
    link("safe/socket_in_sticky", at("sticky/s"));
    link("safe/loop", "loop");
    link("safe/nowhere", at("safe/none"));
  }

  std::string at(const std::string& name) const { return folder_.path() + "/" + name; }

 private:
  void add(const char* name, mode_t mode) const {
    REQUIRE(mkdir(at(name).c_str(), mode) == 0);
    REQUIRE(chmod(at(name).c_str(), mode) == 0);
  }
  void link(const char* name, const std::string& target) const { fs::create_symlink(target, at(name)); }

  ScratchFolder folder_;
};

std::string open(const std::string& folder) {
  return "everyone may put a socket into " + folder + ", and uid 54321 listens at this one";
}
std::string gone(const std::string& folder) {
  return "the way to the socket ends in " + folder + " by now, and uid 54321 listens at this one";
}

}  // namespace

TEST_CASE("a stranger may listen only where nobody else can have put the socket") {
  const Places places;
  struct Row {
    const char* path;
    const char* open_folder;
  };
  const Row rows[]{
      {"safe/s", nullptr},
      {"safe/inner/s", nullptr},
      {"safe//./inner/../inner/s", nullptr},
      {"group/s", nullptr},
      {"safe/to_safe/s", nullptr},
      {"safe/relative/s", nullptr},
      {"sticky/ours/s", nullptr},
      {"open/s", "open"},
      {"open/none", "open"},
      {"sticky/s", "sticky"},
      {"sticky/none", "sticky"},
      {"sticky/none/s", "sticky"},
      // Our own link can have been moved here from a folder of the stranger's.
      {"sticky/to_safe/s", "sticky"},
      {"open/to_safe/s", "open"},
      // Who may write into the folder may move it as well.
      {"sticky/ours_group/s", "sticky"},
      {"sticky/ours_open/s", "sticky"},
      {"safe/to_sticky/s", "sticky"},
      {"safe/to_sticky/ours/s", nullptr},
      {"safe/relative_to_open/s", "open"},
      {"safe/socket_in_sticky", "sticky"},
      // Neither the path as it is written nor where it ends says that it leads through there.
      {"safe/by_way_of_open/s", "open"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const std::string expected = row.open_folder != nullptr ? open(places.at(row.open_folder)) : "";
    CHECK(flaw_of_unix_socket(places.at(row.path), stranger, {"no-such-account"}) == expected);
    CHECK(flaw_of_unix_socket(places.at(row.path), std::nullopt, {}).empty() == expected.empty());
  }
}

TEST_CASE("what is gone is not taken for safe") {
  const Places places;
  CHECK(flaw_of_unix_socket(places.at("safe/none"), stranger, {}) == gone(places.at("safe")));
  CHECK(flaw_of_unix_socket(places.at("none/s"), stranger, {}) ==
        gone(fs::path(places.at("none")).parent_path()));
  CHECK(flaw_of_unix_socket(places.at("safe/nowhere"), stranger, {}) == gone(places.at("safe")));
  CHECK(flaw_of_unix_socket(places.at("safe/loop"), stranger, {}) == gone(places.at("safe")));
  CHECK(flaw_of_unix_socket(places.at("safe/s/s"), stranger, {}) == gone(places.at("safe/s")));
  CHECK(flaw_of_unix_socket("", stranger, {}) == gone("/"));
}

TEST_CASE("root, ourselves and the accounts that are named may listen anywhere") {
  const Places places;
  const uid_t daemon = 1;
  for (const char* path :
       {"safe/s", "safe/none", "open/s", "open/none", "sticky/s", "sticky/none", "none/s"}) {
    CAPTURE(path);
    CHECK(flaw_of_unix_socket(places.at(path), 0, {}).empty());
    CHECK(flaw_of_unix_socket(places.at(path), geteuid(), {}).empty());
    CHECK(flaw_of_unix_socket(places.at(path), daemon, {"mysql", "daemon"}).empty());
  }
  CHECK_FALSE(flaw_of_unix_socket(places.at("sticky/s"), daemon, {"mysql"}).empty());
}

TEST_CASE("a path is walked as the kernel walks it") {
  const Places places;
  const fs::path before = fs::current_path();
  fs::current_path(places.at("sticky"));
  CHECK(flaw_of_unix_socket("s", stranger, {}) == open(places.at("sticky")));
  CHECK(flaw_of_unix_socket("./ours/s", stranger, {}).empty());
  CHECK(flaw_of_unix_socket("../safe/s", stranger, {}).empty());
  // Its text is that of no path: "/", or where a container is.
  CHECK(flaw_of_unix_socket("/proc/self/cwd/s", stranger, {}) == open("/proc/self/cwd"));
  CHECK(flaw_of_unix_socket("/proc/self/root" + places.at("safe/s"), stranger, {}).empty());
  fs::create_directory(places.at("safe/deleted"));
  fs::current_path(places.at("safe/deleted"));
  fs::remove(places.at("safe/deleted"));
  CHECK(flaw_of_unix_socket("s", stranger, {}) == gone("/"));
  fs::current_path(before);
}

TEST_CASE("the peer of a connected socket is asked for") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  CHECK(is_unix_socket(ends[0]));
  CHECK(flaw_of_peer(ends[0], "/nowhere", {}).empty());
  CHECK(flaw_of_peer(ends[0], "", {}) == "the connection is by a Unix socket, which nobody asked for");
  close(ends[0]);
  CHECK_FALSE(is_unix_socket(ends[0]));
  close(ends[1]);
  const int tcp = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_FALSE(is_unix_socket(tcp));
  CHECK(flaw_of_peer(tcp, "", {}).empty());
  CHECK(flaw_of_peer(tcp, "/nowhere", {}) == "the connection is not by the Unix socket that was asked for");
  close(tcp);
}
