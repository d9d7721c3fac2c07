#include "server_status.h"

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
  if (key == "ServerMPM") keep_first(status.mpm, value);
}

bool is_html(std::string_view page) {
  const std::string begin = lower(trim(page.substr(0, 200)));
  return begin.starts_with('<');
}

}  // namespace

ServerStatus parse_server_status(std::string_view page) {
  if (trim(page).empty()) throw nonsense("the page is empty");
  if (is_html(page))
    throw nonsense("an HTML page instead of mod_status' plain text; a log-in page, or was ?auto dropped?");
  ServerStatus status;
  while (!page.empty()) {
    const std::size_t end = page.find('\n');
    const std::string_view line = page.substr(0, end);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos) {
      const std::string_view key = line.substr(0, colon);
      const std::string_view value = trim(line.substr(colon + 2));
      if (key == "Scoreboard") {
        if (end == std::string_view::npos) break;
        status.scoreboard = read_scoreboard(value);
        return status;
      }
      take_line(status, key, value);
    }
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
  }
  const bool began = status.accesses || status.uptime || !status.version.empty();
  throw nonsense(began ? "the page is cut short: no whole scoreboard"
                       : "the page is not mod_status' plain text");
}

namespace {

std::string code_text(int status) { return "HTTP " + std::to_string(status); }

// Where a redirect leads, without a query that may hold a secret.
std::string leads_to(const http::Answer& answer) {
  const std::string target = answer.location.substr(0, answer.location.find_first_of("?#"));
  return target.empty() || target.find('@') != std::string::npos ? "" : " to " + clean(target, 200);
}

[[noreturn]] void complain_of_status(const http::Answer& answer, const std::string& page) {
  const std::string said = page + ": " + code_text(answer.status);
  switch (answer.status) {
    case 400:
      throw nonsense(said + ", the server does not take the request; is it an HTTPS port (--ssl)?");
    case 401:
      throw Error(Fault::denied,
                  said + (answer.with_credentials ? ", the server refuses the user or password of --auth-file"
                                                  : ", it wants a user and password; see --auth-file"));
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

ServerStatus read_answer(const http::Answer& answer, const std::string& page) {
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
