#include "evenkeel/target.h"

#include <arpa/inet.h>

#include <algorithm>

#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "shown_value.h"

namespace evenkeel {

namespace {

constexpr std::size_t max_host = 255;

constexpr std::size_t longest_port = 5;

[[noreturn]] void reject(const std::string& option, std::string_view text, const std::string& why) {
  throw usage_error(option + shown_address(text) + ": " + why);
}

void check_host(const std::string& option, std::string_view text, std::string_view host) {
  if (host.empty()) reject(option, text, "the host is missing");
  if (host.size() > max_host) reject(option, text.substr(0, 40), "the host name is too long");
  if (host.front() == '-') reject(option, text, "a host name does not begin with a dash");
  if (!is_host(host)) reject(option, text, "not a host name or address");
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '-' || c == '_';
  });
}

// "fe80::1%eth0" ends in the name of a network interface.
bool is_ipv6(std::string_view text) {
  const std::size_t percent = std::min(text.find('%'), text.size());
  if (percent < text.size() && !is_name(text.substr(percent + 1))) return false;
  const std::string digits(text.substr(0, percent));
  in6_addr address{};
  // A NUL would end the text before its end.
  return digits.find('\0') == std::string::npos && inet_pton(AF_INET6, digits.c_str(), &address) == 1;
}

}  // namespace

bool is_host(std::string_view text) {
  if (text.size() > max_host) return false;
  return text.find(':') != std::string_view::npos ? is_ipv6(text) : is_name(text) && text.front() != '-';
}

std::string shown_address(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const bool is_plain = text.find_first_of("@/%") == std::string_view::npos;
  const bool has_port =
      text.size() - colon <= longest_port + 1 &&
      text.find_first_not_of("0123456789", std::min(colon + 1, text.size())) == std::string_view::npos;
  return (is_plain && has_port) || is_host(text) ? " \"" + clean(text, 100) + "\"" : "";
}

HostPort parse_host_port(const std::string& option, std::string_view text) {
  HostPort result;
  result.name = std::string(text);
  std::string_view host = text;
  std::optional<std::string_view> port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) reject(option, text, "the closing bracket is missing");
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') reject(option, text, "only :PORT may follow the bracket");
    if (!rest.empty()) port = rest.substr(1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    host = text.substr(0, text.find(':'));
    port = text.substr(text.find(':') + 1);
  }
  check_host(option, text, host);
  result.host = std::string(host);
  if (port) result.port = parse_port(option + shown_address(host), *port);
  return result;
}

std::vector<HostPort> parse_hosts(const std::string& option, const std::vector<std::string>& texts) {
  std::vector<HostPort> hosts;
  for (const std::string& text : texts) {
    std::size_t from = 0;
    while (from <= text.size()) {
      const std::size_t comma = std::min(text.find(',', from), text.size());
      HostPort host = parse_host_port(option, trim(std::string_view(text).substr(from, comma - from)));
      const bool twice = std::any_of(hosts.begin(), hosts.end(),
                                     [&](const HostPort& other) { return other.name == host.name; });
      if (twice) throw usage_error(option + ": " + clean(host.name, 100) + " is named twice");
      hosts.push_back(std::move(host));
      from = comma + 1;
    }
  }
  return hosts;
}

Named named_by(const std::string& target, const std::string& where) {
  if (target.empty()) return Named::nothing;
  if (where == target) return Named::place;
  const std::size_t colon = where.rfind(':');
  const std::string host = where.substr(0, colon);
  const bool names_host = colon != std::string::npos && (host == target || host == "[" + target + "]");
  return names_host ? Named::host : Named::nothing;
}

std::string place_of_step(const std::string& preposition, const std::string& target,
                          const std::string& where) {
  switch (named_by(target, where)) {
    case Named::place:
      return {};
    case Named::host:
      return (preposition == "to" ? " to port " : " on port ") + where.substr(where.rfind(':') + 1);
    case Named::nothing:
      break;
  }
  return " " + preposition + " " + where;
}

std::uint16_t parse_port(const std::string& option, std::string_view text) {
  const auto port = parse_integer<std::uint16_t>(text);
  if (!port || *port == 0)
    throw usage_error(option + ": " + shown_number(text, longest_port) + " is not a port (1 to 65535)");
  return *port;
}

std::string flaw_of_socket_path(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return "the path holds a NUL byte";
  if (text.starts_with('@'))
    return "an abstract socket, whose name everyone may take, is not used; name a path (./@… for a file of "
           "such a name)";
  return {};
}

std::string parse_socket_path(const std::string& option, std::string_view text) {
  if (text.empty() || text.size() > 107) throw usage_error(option + ": wanted is a path of 1 to 107 bytes");
  if (const std::string flaw = flaw_of_socket_path(text); !flaw.empty())
    throw usage_error(option + ": " + flaw);
  return std::string(text);
}

}  // namespace evenkeel
