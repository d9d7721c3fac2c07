#include "server_status.h"

#include <algorithm>
#include <vector>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::apache {

namespace {

Error nonsense(const std::string& text) { return Error(Fault::protocol, text); }

std::optional<double> seconds_of(std::string_view text) {
  double value = 0;
  if (!parse_number(text, value) || value < 0) return std::nullopt;
  return value;
}

Scoreboard read_scoreboard(std::string_view slots) {
  Scoreboard scoreboard;
  for (const char slot : slots) {
    if (slot == '_')
      ++scoreboard.idle;
    else if (slot == '.')
      ++scoreboard.open;
    else if (slot >= 'A' && slot <= 'Z')
      ++scoreboard.busy;
    else
      throw nonsense("the scoreboard holds \"" + clean(std::string(1, slot)) + "\", which is no slot");
  }
  if (scoreboard.slots() == 0) throw nonsense("the scoreboard is empty");
  return scoreboard;
}

template <class Value>
void keep_first(std::optional<Value>& place, std::optional<Value> value) {
  if (!place) place = value;
}

void keep_first(std::string& place, std::string_view text) {
  if (place.empty()) place = std::string(text);
}

void take_line(ServerStatus& status, std::string_view key, std::string_view value) {
  if (key == "Total Accesses" && !parse_integer<std::uint64_t>(value))
    throw nonsense("Total Accesses is no number: \"" + clean(value, 40) + "\"");
  if (key == "Total Accesses") keep_first(status.accesses, parse_integer<std::uint64_t>(value));
  if (key == "Total kBytes") keep_first(status.kilobytes, parse_integer<std::uint64_t>(value));
  if (key == "Total Duration") keep_first(status.duration_ms, parse_integer<std::uint64_t>(value));
  if (key == "Uptime" || key == "ServerUptimeSeconds") keep_first(status.uptime, seconds_of(value));
  if (key == "RestartTime") keep_first(status.restart_time, value);
  if (key == "ServerVersion") keep_first(status.version, value);
  if (key == "ParentServerConfigGeneration")
    keep_first(status.generation, parse_integer<std::uint64_t>(value));
  if (key == "ServerMPM") keep_first(status.mpm, value);
}

// A page that is none is known by its first KiB. Before the scoreboard there are names and versions, longer
// than usual at times, but not longer than this.
constexpr std::size_t first_look = 1024;
constexpr std::size_t longest_before_scoreboard = 8192;
// A scoreboard of a million slots. What is larger is not read to its end: the counters come before it.
constexpr std::size_t longest_page = 1u << 20;

bool is_html(std::string_view page) { return trim(page.substr(0, first_look)).starts_with('<'); }

// "Scoreboard: " at the begin of a line, and what follows.
std::string_view from_scoreboard(std::string_view page) {
  constexpr std::string_view name = "Scoreboard: ";
  if (page.starts_with(name)) return page;
  const std::size_t found = page.find("\nScoreboard: ");
  return found == std::string_view::npos ? std::string_view() : page.substr(found + 1);
}

bool has_key(std::string_view page, std::string_view key) {
  const std::string line = std::string(key) + ": ";
  return page.starts_with(line) || page.find('\n' + line) != std::string_view::npos;
}

bool has_key_of_ours(std::string_view page) {
  const auto keys = {"Total Accesses", "Total kBytes",        "Uptime",
                     "ServerVersion",  "ServerUptimeSeconds", "BusyWorkers"};
  return std::any_of(keys.begin(), keys.end(), [&](const char* key) { return has_key(page, key); });
}

// Status pages of others than Apache; empty where it is none.
std::string kind_of_another(std::string_view page) {
  const std::string_view begin = page.substr(0, longest_before_scoreboard);
  if (has_key(begin, "BusyServers") && has_key(begin, "IdleServers") && !has_key(begin, "BusyWorkers"))
    return "lighttpd's status page: it tells connections where Apache tells workers, and no start by which "
           "two "
           "servers could be told apart";
  if (has_key(begin, "Active connections") ||
      begin.find("\nserver accepts handled requests") != std::string::npos)
    return "nginx's status page, with other counters than Apache's";
  if (has_key(begin, "accepted conn") || has_key(begin, "process manager") || begin.starts_with("pool:"))
    return "PHP-FPM's status page, which tells of PHP's requests alone";
  return {};
}

Error nonsense_of(std::string_view page) {
  if (trim(page).empty()) return nonsense("the page is empty");
  if (is_html(page))
    return nonsense("an HTML page instead of mod_status' plain text; a log-in page, or was ?auto dropped?");
  if (const std::string kind = kind_of_another(page); !kind.empty())
    return nonsense("not Apache's, but " + kind);
  if (!has_key_of_ours(page)) return nonsense("the page is not mod_status' plain text");
  if (page.size() >= longest_before_scoreboard && from_scoreboard(page).empty())
    return nonsense("the page has no scoreboard in its first " +
                    std::to_string(longest_before_scoreboard >> 10) + " KiB");
  return nonsense("the page is cut short: no whole scoreboard");
}

}  // namespace

bool tells_enough(std::string_view page) {
  if (is_html(page)) return true;
  const std::string_view scoreboard = from_scoreboard(page);
  if (!scoreboard.empty())
    return page.size() >= longest_page || scoreboard.find('\n') != std::string_view::npos;
  if (page.size() >= longest_before_scoreboard) return true;
  return page.size() >= first_look && !has_key_of_ours(page);
}

ServerStatus parse_server_status(std::string_view page) {
  if (trim(page).empty() || is_html(page) || !kind_of_another(page).empty()) throw nonsense_of(page);
  const std::string_view whole = page;
  ServerStatus status;
  while (!page.empty()) {
    const std::size_t end = page.find('\n');
    const std::string_view line = page.substr(0, end);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos) {
      const std::string_view key = line.substr(0, colon);
      const std::string_view value = trim(line.substr(colon + 2));
      if (key == "Scoreboard") {
        if (end == std::string_view::npos && whole.size() < longest_page) break;
        if (end == std::string_view::npos) return status;
        status.scoreboard = read_scoreboard(value);
        return status;
      }
      take_line(status, key, value);
    }
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
  }
  throw nonsense_of(whole);
}

namespace {

std::string code_text(int status) { return "HTTP " + std::to_string(status); }

// Where a redirect leads, without a query that may hold a secret.
std::string leads_to(const http::Answer& answer) {
  const std::string target = answer.location.substr(0, answer.location.find_first_of("?#"));
  return target.empty() || target.find('@') != std::string::npos ? "" : " to " + clean(target, 200);
}

bool takes_our_credentials(const http::Answer& answer) {
  const std::vector<std::string>& schemes = answer.auth_schemes;
  return schemes.empty() || std::any_of(schemes.begin(), schemes.end(), [](const std::string& scheme) {
           return scheme == "basic" || scheme == "digest";
         });
}

std::string words_of_401(const http::Answer& answer) {
  if (!takes_our_credentials(answer))
    return ", it wants " + clean(answer.auth_schemes.front(), 40) +
           " authentication; --auth-file is for basic and digest";
  const std::vector<std::string>& schemes = answer.auth_schemes;
  const bool takes_digest = std::find(schemes.begin(), schemes.end(), "digest") != schemes.end();
  if (answer.password_stayed && !schemes.empty() && !takes_digest)
    return ", it wants basic authentication, which gives the password to whoever answers; use --ssl without "
           "--insecure (--ca-cert), or digest authentication";
  if (answer.with_credentials) return ", the server refuses the user or password of --auth-file";
  return answer.credentials_stayed
             ? ", it wants a user and password, which do not go along with a redirect to another server"
             : ", it wants a user and password; see --auth-file";
}

[[noreturn]] void complain_of_status(const http::Answer& answer, const std::string& page) {
  const std::string said = page + ": " + code_text(answer.status);
  // nginx says 400, Apache 403 where a page alone is protected.
  if (answer.wants_certificate && (answer.status == 400 || answer.status == 403))
    throw Error(Fault::denied, said + ", the server wants a client certificate; see --cert and --key");
  switch (answer.status) {
    case 400:
      throw nonsense(said + ", the server does not take the request; is it an HTTPS port (--ssl)?");
    case 401:
      throw Error(Fault::denied, said + words_of_401(answer));
    case 403:
      throw Error(Fault::denied, said +
                                     ", the server does not let this host see the page; allow it by a "
                                     "\"Require ip\" in its <Location>");
    case 404:
      throw nonsense(said + ", no such page; is mod_status loaded, with SetHandler server-status there?");
    default:
      break;
  }
  if (answer.status >= 500) throw Error(Fault::unreachable, said + ", the server fails");
  if (answer.status >= 300 && answer.status < 400)
    throw nonsense(said + ", a redirect" + leads_to(answer) + " instead of a status page");
  throw nonsense(said + " instead of a status page");
}

}  // namespace

ServerStatus read_answer(const http::Answer& answer, const std::string& asked) {
  const std::string page = answer.redirected_to.empty() ? asked : answer.redirected_to;
  if (answer.status != 200) complain_of_status(answer, page);
  const std::string encoding = lower(answer.content_encoding);
  if (!encoding.empty() && encoding != "identity")
    throw nonsense(page + ": the page came with Content-Encoding " + clean(encoding, 40) +
                   ", which was not asked for");
  try {
    return parse_server_status(answer.body);
  } catch (const Error& error) {
    throw Error(error.fault(), page + ": " + error.what());
  }
}

}  // namespace evenkeel::apache
