#include "evenkeel/mysql/connection_options.h"

#include <glob.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <tuple>

#include "evenkeel/error.h"
#include "evenkeel/mysql/option_file.h"
#include "evenkeel/small_file.h"
#include "evenkeel/target.h"
#include "evenkeel/text.h"
#include "pem_file.h"

namespace evenkeel::mysql {

namespace {

constexpr std::uint16_t default_port = 3306;
constexpr std::size_t max_instances = 1000;

// Where Debian, Red Hat and MySQL's own packages put it.
constexpr std::array usual_sockets{"/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock",
                                   "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"};

std::string usual_socket() {
  for (const char* path : usual_sockets) {
    struct stat status {};
    if (stat(path, &status) == 0 && S_ISSOCK(status.st_mode)) return path;
  }
  return {};
}

bool is_pattern(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

bool exists(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

// A glob's matches in sorted order; a plain path, and a file of just that name, as it is.
std::vector<std::string> expanded(const std::string& path) {
  if (path.empty()) throw usage_error("-f --file: the path is empty");
  if (!is_pattern(path) || exists(path)) return {path};
  glob_t matches{};
  const int failed = glob(path.c_str(), 0, nullptr, &matches);
  std::vector<std::string> files;
  for (std::size_t i = 0; failed == 0 && i < matches.gl_pathc; ++i) files.emplace_back(matches.gl_pathv[i]);
  globfree(&matches);
  if (files.empty()) throw usage_error("-f --file " + clean(path, 300) + ": no file matches");
  return files;
}

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) != nullptr ? resolved : path;
}

std::vector<std::string> option_files(const Options& options) {
  std::vector<std::string> files;
  std::vector<std::string> seen;
  for (const std::string& text : options.values("file"))
    for (std::string& file : expanded(text)) {
      const std::string real = real_path(file);
      if (std::find(seen.begin(), seen.end(), real) != seen.end())
        throw usage_error("-f --file " + clean(file, 300) + ": the file is named twice");
      seen.push_back(real);
      files.push_back(std::move(file));
    }
  if (files.size() > max_instances) throw usage_error("-f --file: more than 1000 files");
  return files;
}

// The path's last `parts` components, without ".cnf".
std::string tail_of(std::string_view path, int parts) {
  if (path.ends_with(".cnf") && path.size() > 4) path.remove_suffix(4);
  std::size_t from = path.size();
  while (parts-- > 0 && from != std::string_view::npos && from > 0) from = path.rfind('/', from - 1);
  return std::string(from == std::string_view::npos ? path : path.substr(from + 1));
}

// Basenames; where two are alike, as much of the folders as tells them apart.
std::vector<std::string> instance_names(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& file : files) {
    int parts = 1;
    const auto taken = [&](const std::string& other) {
      return &other != &file && tail_of(other, parts) == tail_of(file, parts);
    };
    while (parts < 64 && std::any_of(files.begin(), files.end(), taken)) ++parts;
    names.push_back(tail_of(file, parts));
  }
  return names;
}

std::string first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

std::string password_from_file(const std::string& path) {
  std::string password = first_line(read_small_file("--password-file", path, 64u << 10, Content::secret));
  if (password.empty())
    throw usage_error("--password-file" + path_in_errors(path, Content::secret) +
                      ": its first line is empty");
  if (password.find('\0') != std::string::npos)
    throw usage_error("--password-file" + path_in_errors(path, Content::secret) + ": it holds a NUL byte");
  return password;
}

// The command line beats the ini file, in whichever of the two forms it speaks.
std::optional<std::string> password_from(const Options& options) {
  const bool typed = !options.values_from_command_line("password").empty();
  const bool typed_file = !options.values_from_command_line("password-file").empty();
  if (typed && typed_file) throw usage_error("-p --password and --password-file exclude each other");
  const bool from_file = typed_file || (!typed && options.has("password-file"));
  if (from_file) return password_from_file(*options.value("password-file"));
  return options.value("password");
}

void require_pem(const std::string& option, const std::string& path, Pem kind) {
  const std::string flaw = path.empty() ? "" : flaw_of_pem_file(path, kind);
  // -a is user:password in check_http.
  const bool is_path = path.find('/') != std::string::npos || path.find(':') == std::string::npos;
  if (!flaw.empty()) throw usage_error(option + (is_path ? " " + clean(path, 300) : "") + ": " + flaw);
}

// A value of an option file is not shown: it may be a password on the wrong line.
void require_unnamed_pem(const std::string& file, const std::string& key, const std::string& path, Pem kind) {
  const std::string flaw = path.empty() ? "" : flaw_of_pem_file(path, kind);
  if (!flaw.empty())
    throw usage_error("option file " + clean(file, 300) + ": the file of " + key + ": " + flaw);
}

// What was asked for by an option concerns the whole run, however many option files there are.
void require_good_options(const Options& options) {
  for (const auto& [name, shown, kind] : {std::tuple{"ca-cert", "-C --ca-cert", Pem::certificate},
                                          {"cert", "-a --cert", Pem::certificate},
                                          {"key", "-k --key", Pem::key}})
    if (const auto path = options.value(name)) {
      if (path->empty()) throw usage_error(std::string(shown) + ": the path is empty");
      require_pem(shown, *path, kind);
    }
  if (options.value("group") == "") throw usage_error("-g --group: the name is empty");
  password_from(options);
}

TlsSettings tls_from(const Options& options, const std::string& path_of_file, const ClientOptions& file) {
  const auto path = [&](const char* name, const std::optional<std::string>& in_file) {
    return options.value(name).value_or(in_file.value_or(""));
  };
  TlsSettings tls;
  tls.ca_file = path("ca-cert", file.ca_file);
  tls.cert_file = path("cert", file.cert_file);
  tls.key_file = path("key", file.key_file);
  // Naming a certificate asks for TLS: plain text would be a surprise.
  const bool asked =
      options.has("ssl") || options.has("ca-cert") || options.has("cert") || options.has("key");
  tls.wanted = asked || file.tls.value_or(false);
  tls.verify = !options.has("insecure") && (asked || file.verify.value_or(true));
  if (tls.cert_file.empty() && !tls.key_file.empty())
    throw usage_error("-k --key needs the certificate it belongs to: -a --cert");
  // One file may hold both.
  if (tls.key_file.empty()) tls.key_file = tls.cert_file;
  // What stands in options has been looked at.
  const auto require = [&](const char* name, const char* in_file, const std::string& used, Pem kind) {
    if (!options.has(name)) require_unnamed_pem(path_of_file, in_file, used, kind);
  };
  require("ca-cert", "ssl-ca", tls.ca_file, Pem::certificate);
  require("cert", "ssl-cert", tls.cert_file, Pem::certificate);
  if (tls.key_file != tls.cert_file) require("key", "ssl-key", tls.key_file, Pem::key);
  return tls;
}

std::string without_effect_in(const std::string& path, const ClientOptions& file) {
  std::string names;
  for (const std::string& name : file.without_effect) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "" : "option file " + clean(path, 300) + ": without effect: " + names;
}

// Credentials and TLS, the command line before the file.
Login credentials_from(const Options& options, const std::string& path, const ClientOptions& file) {
  Login login;
  login.user = options.value("username").value_or(file.user.value_or(""));
  login.password = password_from(options).value_or(file.password.value_or(""));
  login.tls = tls_from(options, path, file);
  login.without_effect = without_effect_in(path, file);
  return login;
}

std::string checked_socket(const std::string& what, const std::string& path) {
  if (path.empty()) throw usage_error(what + ": the path is empty");
  if (const std::string flaw = flaw_of_socket_path(path); !flaw.empty())
    throw usage_error(what + ": " + flaw);
  // Longer ones are cut, or refused without a reason, by whoever opens them.
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    throw usage_error(what + " " + clean(path, 300) + ": longer than the path of a socket may be (" +
                      std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes)");
  return path;
}

// Not shown before it is known to be a path.
std::string socket_of_file(const std::string& what, const std::string& path) {
  if (!path.starts_with('/')) throw usage_error(what + ": its socket is not an absolute path");
  if (!flaw_of_socket_path(path).empty()) throw usage_error(what + ": its socket holds a NUL byte");
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    throw usage_error(what + ": its socket is longer than the path of a socket may be (" +
                      std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes)");
  return path;
}

// Empty where there is none.
std::string socket_from(const Options& options) {
  const auto path = options.value("socket");
  return path ? checked_socket("-s --socket", *path) : "";
}

std::optional<std::uint16_t> port_from(const Options& options) {
  const auto text = options.value("port");
  return text ? std::optional(parse_port("-P --port", *text)) : std::nullopt;
}

// "localhost" without a port means the local server, as MySQL's own clients have it: by its socket where
// there is one. A socket has no TLS and needs none, so asking for TLS means TCP.
void point_at_local_server(Login& login) {
  if (!login.tls.wanted) login.socket = usual_socket();
}

std::vector<Login> logins_by_host(const Options& options, const std::vector<std::string>& files) {
  const std::vector<HostPort> hosts = parse_hosts("-H --hostname", options.values("hostname"));
  if (files.size() > 1)
    throw usage_error("-f --file: with -H one file gives the credentials; " + std::to_string(files.size()) +
                      " were given");
  if (options.has("socket") && hosts.size() > 1)
    throw usage_error("-s --socket names one server; -H --hostname names " + std::to_string(hosts.size()));
  const ClientOptions file = files.empty()
                                 ? ClientOptions{}
                                 : read_option_file(files.front(), options.value("group").value_or("client"));
  const Login credentials = credentials_from(options, files.empty() ? "" : files.front(), file);
  const auto port = port_from(options);
  const std::string socket = socket_from(options);

  std::vector<Login> logins;
  for (const HostPort& host : hosts) {
    Login login = credentials;
    login.name = host.name;
    login.host = host.host;
    const auto explicit_port = host.port ? host.port : port ? port : file.port;
    login.port = explicit_port.value_or(default_port);
    login.socket = socket;
    if (host.host == "localhost" && !explicit_port && login.socket.empty()) point_at_local_server(login);
    logins.push_back(std::move(login));
  }
  return logins;
}

// A group of an option file, or nothing where there is no file.
struct Instance {
  std::string name;
  std::string file;
  ClientOptions said;
};

Instance read_instance(const Options& options, const std::string& name, const std::string& file) {
  return {name, file, read_option_file(file, options.value("group").value_or("client"))};
}

// Its socket, its host and port, or the local server.
Login login_to(const Instance& instance, const Options& options) {
  const ClientOptions& said = instance.said;
  const std::string what = "option file " + clean(instance.file, 300);
  Login login = credentials_from(options, instance.file, said);
  login.name = instance.name;
  const auto port = port_from(options);
  login.port = port.value_or(said.port.value_or(default_port));
  const std::string host = said.host.value_or("localhost");
  const bool local = host.empty() || host == "localhost";
  if (!local && !is_host(host)) throw usage_error(what + ": its host is not a host name or address");
  login.host = local ? "127.0.0.1" : host;
  login.socket = socket_from(options);
  if (!login.socket.empty() || !local || port) return login;
  if (said.socket && !said.socket->empty() && !login.tls.wanted)
    login.socket = socket_of_file(what, *said.socket);
  else if (!said.port)
    point_at_local_server(login);
  return login;
}

Login login_with_problem(const std::string& name, const Error& problem) {
  Login login;
  login.name = name;
  login.problem = problem;
  return login;
}

std::vector<Login> logins_by_file(const Options& options, const std::vector<std::string>& files) {
  for (const auto& [name, shown] : {std::pair{"port", "-P --port"}, {"socket", "-s --socket"}})
    if (files.size() > 1 && options.has(name))
      throw usage_error(std::string(shown) + " names one server; " + std::to_string(files.size()) +
                        " option files name theirs");
  const std::vector<std::string> names = instance_names(files);
  if (files.size() == 1) return {login_to(read_instance(options, names[0], files[0]), options)};

  std::vector<Login> logins;
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      logins.push_back(login_to(read_instance(options, names[i], files[i]), options));
    } catch (const Error& problem) {
      logins.push_back(login_with_problem(names[i], problem));
    }
  }
  return logins;
}

}  // namespace

std::vector<OptionSpec> connection_options() {
  return {
      {.name = "hostname",
       .letter = 'H',
       .value = "HOST[:PORT]",
       .help = "server to ask; may be repeated or take a comma list, IPv6 as [::1]:3306. localhost without a "
               "port is the local server by its usual socket",
       .default_text = "the local server: its usual socket where there is one, else 127.0.0.1",
       .repeatable = true},
      {.name = "port",
       .letter = 'P',
       .value = "PORT",
       .help = "port of servers named without one",
       .default_text = "3306"},
      {.name = "socket", .letter = 's', .value = "PATH", .help = "Unix socket; beats host and port"},
      {.name = "username",
       .letter = 'u',
       .value = "USER",
       .help = "user to log in as",
       .default_text = "the system user"},
      {.name = "password",
       .letter = 'p',
       .value = "PASSWORD",
       .help = "password; others may see it for a moment in the process list: prefer -f or --password-file",
       .secret = true},
      {.name = "password-file", .value = "FILE", .help = "file whose first line is the password"},
      {.name = "file",
       .letter = 'f',
       .value = "FILE",
       .help =
           "my.cnf with credentials and TLS settings. Without -H, its host, port and socket count, too, and "
           "it may be repeated or a glob: each file is one instance, named by its basename",
       .repeatable = true},
      {.name = "group",
       .letter = 'g',
       .value = "GROUP",
       .help = "the group of the my.cnf to read",
       .default_text = "client"},
      {.name = "ssl",
       .letter = 'l',
       .help = "insist on TLS, with a certificate that holds and names the server (Unix sockets need none)"},
      {.name = "ca-cert",
       .letter = 'C',
       .value = "FILE",
       .help = "authorities to trust, PEM; implies --ssl",
       .default_text = "the system's"},
      {.name = "cert", .letter = 'a', .value = "FILE", .help = "client certificate, PEM; implies --ssl"},
      {.name = "key",
       .letter = 'k',
       .value = "FILE",
       .help = "its private key, PEM",
       .default_text = "in the file of --cert"},
      {.name = "insecure", .help = "with TLS: encrypt, but take any certificate"},
  };
}

std::vector<Login> logins_from(const Options& options) {
  require_good_options(options);
  const std::vector<std::string> files = option_files(options);
  if (options.has("group") && files.empty())
    throw usage_error("-g --group names a group of an option file; give that with -f");
  if (options.has("hostname")) return logins_by_host(options, files);
  if (!files.empty()) return logins_by_file(options, files);
  return {login_to({"localhost", "", {}}, options)};
}

Login login_of_file(const std::string& option, const std::string& file, const Options& options) {
  if (file.empty()) throw usage_error(option + ": the path is empty");
  const ClientOptions said = read_option_file(file, options.value("group").value_or("client"));
  Login login;
  login.user = said.user.value_or("");
  login.password = said.password.value_or("");
  login.tls = tls_from(options, file, said);
  login.without_effect = without_effect_in(file, said);
  return login;
}

void say_what_has_no_effect(const std::vector<Login>& logins, Report& report) {
  // The same remark is told once.
  for (const Login& login : logins)
    if (!login.without_effect.empty()) report.remark(login.without_effect);
}

Login login_like(const Login& like, const std::string& host, std::uint16_t port) {
  Login login = like;
  login.socket.clear();
  login.host = host;
  login.port = port;
  login.name = login.where();
  return login;
}

}  // namespace evenkeel::mysql
