#include "evenkeel/mysql/option_file.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <vector>

#include "evenkeel/error.h"
#include "evenkeel/small_file.h"
#include "evenkeel/target.h"
#include "evenkeel/text.h"

namespace evenkeel::mysql {

namespace {

constexpr std::size_t max_file_bytes = 1u << 20;
constexpr std::size_t max_files = 200;
constexpr int max_depth = 10;  // as MySQL's own reader

struct Line {
  std::string file;
  std::size_t number = 0;

  std::string where() const { return clean(file, 300) + " line " + std::to_string(number); }
};

// What the option files have that the packages bring.
constexpr std::string_view placeholder = "CHANGE-ME";

// The part before a `#` that stands outside quotes.
std::string_view without_comment(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && c == '#') return text.substr(0, i);
    if (quote != 0 && c == '\\') {
      ++i;
    } else if (c == '"' || c == '\'') {
      if (quote == 0)
        quote = c;
      else if (quote == c)
        quote = 0;
    }
  }
  return text;
}

char unescaped(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 's':
      return ' ';
    case '\\':
    case '"':
    case '\'':
      return c;
    default:
      return 0;
  }
}

std::string value_of(std::string_view text) {
  const bool quoted =
      text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.front() == text.back();
  if (quoted) text = text.substr(1, text.size() - 2);
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char escaped = text[i] == '\\' && i + 1 < text.size() ? unescaped(text[i + 1]) : '\0';
    value += escaped != 0 ? escaped : text[i];
    if (escaped != 0) ++i;
  }
  return value;
}

struct Setting {
  std::string name;  // with dashes, without "loose-"
  std::optional<std::string> value;
};

Setting setting_of(std::string_view line) {
  const std::size_t equals = line.find('=');
  Setting setting;
  setting.name = trim(line.substr(0, equals));
  std::replace(setting.name.begin(), setting.name.end(), '_', '-');
  if (setting.name.starts_with("loose-")) setting.name.erase(0, 6);
  if (equals != std::string_view::npos) setting.value = value_of(trim(line.substr(equals + 1)));
  return setting;
}

// "ssl", "ssl=1", "ssl=off", "skip-ssl", "disable-ssl", "enable-ssl": what they say of `option`.
std::optional<bool> switch_of(const Setting& setting, std::string_view option, const Line& line) {
  std::string_view name = setting.name;
  bool on = true;
  for (const auto& [prefix, meaning] :
       {std::pair<std::string_view, bool>{"skip-", false}, {"disable-", false}, {"enable-", true}})
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      on = meaning;
      break;
    }
  if (name != option) return std::nullopt;
  const std::string value = lower(setting.value.value_or("1"));
  if (value == "1" || value == "on" || value == "true" || value == "yes") return on;
  if (value == "0" || value == "off" || value == "false" || value == "no") return !on;
  throw usage_error(line.where() + ": " + std::string(option) + " takes ON or OFF");
}

void apply_ssl_mode(const std::string& mode, const Line& line, ClientOptions& options) {
  const std::string name = lower(mode);
  const bool verify =
      name == "verify-ca" || name == "verify_ca" || name == "verify-identity" || name == "verify_identity";
  const bool off = name == "disabled" || name == "preferred";
  if (!verify && !off && name != "required")
    throw usage_error(line.where() +
                      ": ssl-mode is one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY");
  options.tls = !off;
  // REQUIRED is MySQL's word for "encrypted, whoever it is".
  if (!off) options.verify = verify;
}

void apply_tls(const Setting& setting, const Line& line, ClientOptions& options) {
  if (const auto tls = switch_of(setting, "ssl", line)) options.tls = tls;
  if (const auto verify = switch_of(setting, "ssl-verify-server-cert", line)) {
    options.verify = verify;
    if (*verify && !options.tls) options.tls = true;
  }
  if (setting.name == "ssl-mode" && setting.value) apply_ssl_mode(*setting.value, line, options);
  // Naming a certificate asks for TLS, as MariaDB's and MySQL's own clients have it.
  const auto file = [&](std::string_view name, std::optional<std::string>& target) {
    if (setting.name != name || !setting.value || setting.value->empty()) return;
    target = setting.value;
    if (!options.tls) options.tls = true;
  };
  file("ssl-ca", options.ca_file);
  file("ssl-cert", options.cert_file);
  file("ssl-key", options.key_file);
}

// A value of an option file is never shown: it may be a password on the wrong line.
std::uint16_t port_of(const std::string& value, const Line& line) {
  const auto port = parse_integer<std::uint16_t>(value);
  if (!port || *port == 0) throw usage_error(line.where() + ": port is not a number from 1 to 65535");
  return *port;
}

constexpr std::size_t most_without_effect = 20;

// What a group for clients holds beside logins; it changes nothing that we do, and nobody expects it to.
constexpr std::array harmless{std::string_view("default-character-set"),
                              std::string_view("character-sets-dir"),
                              std::string_view("prompt"),
                              std::string_view("pager"),
                              std::string_view("auto-rehash"),
                              std::string_view("no-auto-rehash"),
                              std::string_view("max-allowed-packet"),
                              std::string_view("local-infile"),
                              std::string_view("no-beep"),
                              std::string_view("safe-updates"),
                              std::string_view("quick"),
                              std::string_view("progress-reports")};

// What other clients take, and whoever wrote it may rely on.
constexpr std::array others_take{std::string_view("bind-address"),
                                 std::string_view("compress"),
                                 std::string_view("connect-timeout"),
                                 std::string_view("database"),
                                 std::string_view("default-auth"),
                                 std::string_view("enable-cleartext-plugin"),
                                 std::string_view("get-server-public-key"),
                                 std::string_view("init-command"),
                                 std::string_view("login-path"),
                                 std::string_view("plugin-dir"),
                                 std::string_view("protocol"),
                                 std::string_view("server-public-key"),
                                 std::string_view("server-public-key-path"),
                                 std::string_view("ssl-capath"),
                                 std::string_view("ssl-cipher"),
                                 std::string_view("ssl-crl"),
                                 std::string_view("ssl-crlpath"),
                                 std::string_view("ssl-fp"),
                                 std::string_view("ssl-fplist"),
                                 std::string_view("ssl-key-password"),
                                 std::string_view("tls-ciphersuites"),
                                 std::string_view("tls-fp"),
                                 std::string_view("tls-version")};

constexpr std::array wants_value{
    std::string_view("user"),   std::string_view("password"), std::string_view("host"),
    std::string_view("socket"), std::string_view("port"),     std::string_view("ssl-mode"),
    std::string_view("ssl-ca"), std::string_view("ssl-cert"), std::string_view("ssl-key")};

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void note_without_effect(const Setting& setting, const Line& line, ClientOptions& options) {
  const std::string_view name = setting.name;
  const bool valued = is_one_of(wants_value, name);
  const bool is_switch =
      switch_of(setting, "ssl", line) || switch_of(setting, "ssl-verify-server-cert", line);
  if ((valued && setting.value) || is_switch || is_one_of(harmless, name)) return;
  if (options.without_effect.size() >= most_without_effect) return;
  if (valued)
    options.without_effect.push_back(setting.name + " without a value");
  else
    options.without_effect.push_back(is_one_of(others_take, name) ? setting.name
                                                                  : "line " + std::to_string(line.number));
}

void apply(const Setting& setting, const Line& line, ClientOptions& options) {
  note_without_effect(setting, line, options);
  const auto text = [&](std::string_view name, std::optional<std::string>& target) {
    if (setting.name == name && setting.value) target = setting.value;
  };
  text("user", options.user);
  text("password", options.password);
  text("host", options.host);
  text("socket", options.socket);
  // 0 is the client's word for its default.
  if (setting.name == "port" && setting.value && *setting.value != "0")
    options.port = port_of(*setting.value, line);
  apply_tls(setting, line, options);
}

class Reader {
 public:
  explicit Reader(std::string group) : group_(std::move(group)) {}

  void read_file(const std::string& what, const std::string& path, int depth) {
    if (depth > max_depth) throw usage_error(what + ": !include goes deeper than 10 files; a circle?");
    if (++files_ > max_files) throw usage_error(what + ": more than 200 files are included");
    read_text(read_small_file(what, path, max_file_bytes), path,
              [&](std::string_view line, const Line& at) { include(line, at, path, depth); });
  }

  using Directive = std::function<void(std::string_view line, const Line& at)>;
  void read_text(std::string_view text, const std::string& file, const Directive& directive) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (text.find('\0') != std::string_view::npos)
      throw usage_error(clean(file, 300) + ": not a text file (it holds a NUL byte)");
    in_group_ = false;
    bool in_any_group = false;
    Line at{file, 0};
    while (!text.empty()) {
      const std::string_view line = trim(take_until(text, '\n'));
      ++at.number;
      if (line.empty() || line.front() == '#' || line.front() == ';') continue;
      if (line.front() == '!') {
        const bool was_in_group = in_group_;
        directive(line, at);
        in_group_ = was_in_group;
      } else if (line.front() == '[') {
        enter_group(line, at);
        in_any_group = true;
      } else if (!in_any_group) {
        throw usage_error(at.where() + ": an option stands before the first [group]");
      } else if (in_group_) {
        apply(setting_of(trim(without_comment(line))), at, options_);
      }
    }
  }

  ClientOptions options(const std::string& file) const {
    if (!seen_group_)
      throw usage_error("option file " + clean(file, 300) + ": it has no group [" + clean(group_, 100) + "]");
    if (options_.password == placeholder)
      throw usage_error("option file " + clean(file, 300) + ": its password is still " +
                        std::string(placeholder) + "; evenkeel-grant makes the account and fills it in");
    return options_;
  }

 private:
  void enter_group(std::string_view line, const Line& at) {
    const std::size_t close = line.find(']');
    if (close == std::string_view::npos) throw usage_error(at.where() + ": the ] of a group is missing");
    in_group_ = trim(line.substr(1, close - 1)) == group_;
    seen_group_ = seen_group_ || in_group_;
  }

  void include(std::string_view line, const Line& at, const std::string& includer, int depth) {
    const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
    const std::string_view word = line.substr(0, space);
    std::string path(trim(line.substr(space)));
    const bool is_shown = path.starts_with('/') || path.starts_with("./") || path.starts_with("../");
    if (path.empty()) throw usage_error(at.where() + ": !include needs a path");
    if (path.front() != '/') path.insert(0, includer, 0, includer.rfind('/') + 1);
    // It may be a password on the wrong line, unless it is there.
    if (!is_shown && word.starts_with("!include") && access(path.c_str(), R_OK) != 0)
      throw usage_error(at.where() + ": what is included (value not shown): " + system_reason(errno));
    if (word == "!include") {
      read_file(at.where() + ": option file", path, depth + 1);
    } else if (word == "!includedir") {
      for (const std::string& file : option_files_in(path, at))
        read_file(at.where() + ": option file", file, depth + 1);
    } else {
      throw usage_error(at.where() + ": !include and !includedir are known, nothing else");
    }
  }

  static std::vector<std::string> option_files_in(const std::string& folder, const Line& at) {
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(folder.c_str()), closedir);
    if (!listing)
      throw usage_error(at.where() + ": folder " + clean(folder, 300) + ": " + system_reason(errno));
    std::vector<std::string> files;
    while (const dirent* entry = readdir(listing.get())) {
      const std::string name = entry->d_name;
      if (name.ends_with(".cnf")) files.push_back(folder + "/" + name);
      if (files.size() > max_files)
        throw usage_error(at.where() + ": folder " + clean(folder, 300) + ": more than 200 files");
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  std::string group_;
  ClientOptions options_;
  bool in_group_ = false;
  bool seen_group_ = false;
  std::size_t files_ = 0;
};

}  // namespace

ClientOptions parse_option_file(std::string_view text, const std::string& group, const std::string& file) {
  Reader reader(group);
  reader.read_text(text, file, [](std::string_view, const Line&) {});
  return reader.options(file);
}

ClientOptions read_option_file(const std::string& file, const std::string& group) {
  Reader reader(group);
  reader.read_file("option file", file, 0);
  return reader.options(file);
}

}  // namespace evenkeel::mysql
