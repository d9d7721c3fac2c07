// The ini syntax, the search path and the forms of --extra-opts are those of monitoring-plugins 2.3
// (lib/parse_ini.c, lib/extra_opts.c), checked against its binaries. Where we differ:
//  - a file that everyone may write is refused: whoever writes it chooses whom we send a password to;
//  - a file of more than 1 MiB, or one that takes more than two seconds to read, is refused;
//  - "--extra-opts WORD" is an error; there the word would be the value;
//  - "k=v" becomes "-kv"; there "-k=v", which getopt reads as the value "=v";
//  - what breaks the syntax without an error there (an open "[", text behind "]") is one here.
#include "evenkeel/extra_opts.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "evenkeel/deadline.h"
#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "shown_value.h"

namespace evenkeel {
namespace {

constexpr std::size_t max_file = 1 << 20;
constexpr double read_seconds = 2;  // a pipe may never end
constexpr std::string_view white_space = " \t\n\v\f\r";

constexpr std::array<const char*, 3> file_names = {"monitoring-plugins.ini", "plugins.ini",
                                                   "nagios-plugins.ini"};
constexpr std::array<const char*, 11> search_path = {
    "/usr/local/etc/monitoring-plugins/monitoring-plugins.ini",
    "/usr/local/etc/monitoring-plugins.ini",
    "/etc/monitoring-plugins/monitoring-plugins.ini",
    "/etc/monitoring-plugins.ini",
    "/etc/nagios/plugins.ini",
    "/usr/local/nagios/etc/plugins.ini",
    "/usr/local/etc/nagios/plugins.ini",
    "/etc/opt/nagios/plugins.ini",
    "/etc/nagios-plugins.ini",
    "/usr/local/etc/nagios-plugins.ini",
    "/etc/opt/nagios-plugins.ini",
};

std::string_view strip(std::string_view text) {
  const std::size_t first = text.find_first_not_of(white_space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

std::string shown(std::string_view name) { return clean(name, 200); }

Error file_error(const std::string& file, const std::string& what) {
  return usage_error("--extra-opts: " + shown(file) + ": " + what);
}

// The line itself is never quoted: it may hold a password.
Error line_error(const std::string& file, std::size_t line, const std::string& what) {
  return usage_error("--extra-opts: " + shown(file) + ", line " + std::to_string(line) + ": " + what);
}

// ---- syntax ----

class IniParser {
 public:
  IniParser(std::string_view section, const std::string& file) : section_(section), file_(file) {}

  void take(std::string_view line) {
    ++number_;
    line = strip(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') return;
    if (line.front() == '[')
      begin_section(line.substr(1));
    else if (place_ == Place::before_any)
      throw line_error(file_, number_, "an option before the first [section]");
    else if (place_ == Place::inside)
      entries_.push_back(entry(line));
  }

  std::vector<IniEntry> entries() && {
    if (entries_.empty())
      throw file_error(file_, (found_ ? "nothing in section [" : "no section [") + shown(section_) + "]");
    return std::move(entries_);
  }

 private:
  enum class Place { before_any, elsewhere, inside };

  void begin_section(std::string_view line) {
    const std::size_t end = line.find(']');
    if (end == std::string_view::npos) throw line_error(file_, number_, "\"[\" without \"]\"");
    const std::string_view rest = strip(line.substr(end + 1));
    if (!rest.empty() && rest.front() != '#' && rest.front() != ';')
      throw line_error(file_, number_, "text after \"]\"");
    place_ = strip(line.substr(0, end)) == section_ ? Place::inside : Place::elsewhere;
    found_ = found_ || place_ == Place::inside;
  }

  // Quotes, "#" and ";" in a value belong to it.
  IniEntry entry(std::string_view line) const {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      throw line_error(file_, number_, "no \"=\"; an option without a value is written \"name=\"");
    if (line.find('\0') != std::string_view::npos) throw line_error(file_, number_, "not a text file");
    const std::string_view key = strip(line.substr(0, equals));
    const std::string_view value = strip(line.substr(equals + 1));
    if (key.empty()) throw line_error(file_, number_, "no option before \"=\"");
    if (key.front() == '-') throw line_error(file_, number_, "options stand here without their dashes");
    if (key == "extra-opts") throw line_error(file_, number_, "extra-opts cannot stand in the file itself");
    return {std::string(key), std::string(value), !value.empty(), number_};
  }

  std::string_view section_;
  const std::string& file_;
  std::size_t number_ = 0;
  Place place_ = Place::before_any;
  bool found_ = false;
  std::vector<IniEntry> entries_;
};

std::string argument_of(const IniEntry& entry) {
  if (entry.key.size() == 1) return "-" + entry.key + entry.value;
  return "--" + entry.key + (entry.has_value ? "=" + entry.value : "");
}

// ---- files ----

bool exists(const std::string& file) { return access(file.c_str(), F_OK) == 0; }

std::string default_file() {
  if (const char* file = std::getenv("MP_CONFIG_FILE")) return file;
  // Deprecated there, and still read: the folders to look in.
  const char* folders = std::getenv("NAGIOS_CONFIG_PATH");
  for (std::string_view rest = folders ? folders : ""; !rest.empty();) {
    const std::string folder(take_until(rest, ':'));
    if (folder.empty()) continue;
    for (const char* name : file_names)
      if (exists(folder + '/' + name)) return folder + '/' + name;
  }
  for (const char* file : search_path)
    if (exists(file)) return file;
  return {};
}

// Closes what it opened, never standard input.
class Source {
 public:
  explicit Source(const std::string& file)
      : opened_(file != "-"),
        fd_(opened_ ? open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : STDIN_FILENO) {}
  ~Source() {
    if (opened_ && fd_ >= 0) close(fd_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  bool opened() const { return opened_; }
  int fd() const { return fd_; }

 private:
  bool opened_;
  int fd_;
};

Error system_error(const std::string& file, int error) { return file_error(file, system_words(error)); }

// A pipe is fine, too: @- and @/dev/fd/63 are how a shell hands over a secret without a file.
void check_kind(const std::string& file, int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) throw system_error(file, errno);
  if (S_ISDIR(status.st_mode)) throw file_error(file, "is a folder, not a file");
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) throw file_error(file, "is not a regular file");
  if ((status.st_mode & S_IWOTH) != 0)
    throw file_error(file, "everyone may write to it, so what it says cannot be trusted; chmod o-w");
}

std::string read_file(const std::string& file) {
  const Source source(file);
  if (source.fd() < 0) throw system_error(file, errno);
  if (source.opened()) check_kind(file, source.fd());

  const Deadline deadline = Deadline::after(std::chrono::duration<double>(read_seconds));
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    pollfd waiting{source.fd(), POLLIN, 0};
    const int ready = poll(&waiting, 1, deadline.remaining_milliseconds());
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) throw file_error(file, "its end did not come within 2 s");
    const ssize_t got = read(source.fd(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw system_error(file, errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > max_file) throw file_error(file, "is larger than 1 MiB");
  }
}

// What one --extra-opts value stands for.
std::vector<IniArgument> read_section(std::string_view argument, const std::string& plugin_name) {
  const std::size_t at = argument.find('@');
  std::string section(argument.substr(0, at));
  if (section.empty()) section = plugin_name;
  const std::string file =
      at == std::string_view::npos ? default_file() : std::string(argument.substr(at + 1));
  if (file.empty()) throw usage_error("--extra-opts: there is no file in any of the usual places");

  std::vector<IniArgument> arguments;
  for (const IniEntry& entry : parse_ini(read_file(file), section, file))
    arguments.push_back({argument_of(entry), entry.key, section, file, entry.line});
  return arguments;
}

std::vector<std::string> without_places(std::vector<IniArgument> from_files) {
  std::vector<std::string> arguments;
  arguments.reserve(from_files.size());
  for (IniArgument& option : from_files) arguments.push_back(std::move(option.argument));
  return arguments;
}

bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

}  // namespace

std::vector<IniEntry> parse_ini(std::string_view text, std::string_view section, const std::string& file) {
  IniParser parser(section, file);
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  while (!text.empty()) parser.take(take_until(text, '\n'));
  return std::move(parser).entries();
}

std::vector<std::string> extra_opts_arguments(std::string_view argument, const std::string& plugin_name) {
  return without_places(read_section(argument, plugin_name));
}

std::vector<IniArgument> take_ini_arguments(std::vector<std::string>& arguments,
                                            const std::string& plugin_name) {
  constexpr std::string_view name = "--extra-opts";
  std::vector<std::string> kept;
  std::vector<IniArgument> from_files;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    const bool bare = word == name;
    if (!bare && !(word.starts_with(name) && word.substr(name.size()).starts_with('='))) {
      kept.push_back(arguments[i]);
      continue;
    }
    if (bare && i + 1 < arguments.size() && !is_option(arguments[i + 1]))
      throw usage_error("--extra-opts " + shown(arguments[i + 1]) +
                        ": the value is written with \"=\", as in --extra-opts=section@file");
    const std::string_view value = bare ? std::string_view() : word.substr(name.size() + 1);
    if (holds_login(value))
      throw usage_error("--extra-opts: a user and a password are seen by everyone here");
    for (IniArgument& option : read_section(value, plugin_name)) from_files.push_back(std::move(option));
  }
  arguments = std::move(kept);
  return from_files;
}

std::vector<std::string> take_extra_opts(std::vector<std::string>& arguments,
                                         const std::string& plugin_name) {
  return without_places(take_ini_arguments(arguments, plugin_name));
}

}  // namespace evenkeel
