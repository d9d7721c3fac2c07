#include "evenkeel/auth_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "evenkeel/error.h"

using namespace evenkeel;

TEST_CASE("user and password from one line") {
  const struct {
    const char* text;
    const char* user;
    const char* password;
  } table[]{
      {"monitor:secret\n", "monitor", "secret"},     {"monitor:secret", "monitor", "secret"},
      {"monitor:se:cr et\n", "monitor", "se:cr et"}, {"monitor:\n", "monitor", ""},
      {"monitor:secret\r\n", "monitor", "secret"},   {"monitor:secret\n\n", "monitor", "secret"},
  };
  for (const auto& row : table) {
    INFO(row.text);
    const Credentials credentials = parse_auth_file(row.text, "--auth-file x");
    CHECK(credentials.user == row.user);
    CHECK(credentials.password == row.password);
  }
}

TEST_CASE("what is no user and password is an error that quotes none of it") {
  const std::pair<std::string, const char*> table[]{
      {"", "no user:password"},
      {"\nmonitor:secret", "one line"},
      {"secret\n", "no user:password"},
      {":secret\n", "no user:password"},
      {"monitor:secret\nother:secret\n", "one line"},
      {std::string("monitor:sec\0ret", 15), "control character"},
      {"monitor:sec\x1bret", "control character"},
  };
  for (const auto& [text, why] : table) {
    INFO(text);
    CHECK_THROWS_WITH(parse_auth_file(text, "--auth-file x"),
                      Catch::StartsWith("--auth-file x: ") && Catch::Contains(why) &&
                          !Catch::Contains("secret") && !Catch::Contains("sec"));
  }
}

TEST_CASE("files that are not read") {
  std::string folder = (std::filesystem::temp_directory_path() / "auth-file-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const auto make = [&](const std::string& name, mode_t mode, std::size_t size) {
    const std::string path = folder + "/" + name;
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
    const std::string text = "u:" + std::string(size, 'p');
    REQUIRE(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    REQUIRE(fchmod(fd, mode) == 0);
    close(fd);
    return path;
  };
  CHECK(read_auth_file("--auth-file", make("fine", 0644, 5)).password == "ppppp");
  CHECK_THROWS_WITH(read_auth_file("--auth-file", make("open", 0666, 5)), Catch::Contains("world-writable"));
  CHECK_THROWS_WITH(read_auth_file("--auth-file", make("large", 0600, 5000)), Catch::Contains("larger than"));
  CHECK_THROWS_WITH(read_auth_file("--auth-file", folder), Catch::Contains("not a regular file"));
  CHECK_THROWS_WITH(read_auth_file("--auth-file", folder + "/missing"), Catch::Contains("no such file"));
  REQUIRE(mkfifo((folder + "/fifo").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(read_auth_file("--auth-file", folder + "/fifo"), Catch::Contains("not a regular file"));
  std::filesystem::remove_all(folder);
}
