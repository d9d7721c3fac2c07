#include "evenkeel/mysql/sql_session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "evenkeel/local_limits.h"
#include "evenkeel/mysql/server_text.h"
#include "evenkeel/target.h"
#include "evenkeel/text.h"

namespace evenkeel::mysql {

namespace {

struct CodeRule {
  int code;
  Fault fault;
  const char* words;  // for people; empty where the server's own text says it best
};

constexpr int offline_mode_with_a_reason = 6400;

// Sources: MariaDB Knowledge Base, "MariaDB Error Codes"; MySQL 8.4 Error Message Reference.
constexpr std::array rules{
    CodeRule{1040, Fault::unreachable, "too many connections"},  // the server's own limit
    CodeRule{1053, Fault::unreachable, "the server is shutting down"},
    CodeRule{1077, Fault::unreachable, "the server is shutting down"},
    CodeRule{1078, Fault::unreachable, "the server is shutting down"},
    CodeRule{1079, Fault::unreachable, "the server is shutting down"},
    CodeRule{3168, Fault::unreachable, "the server is not available"},
    // Only administrators are let in; with 6400 the server says why.
    CodeRule{3032, Fault::unreachable, "the server is in offline mode"},
    CodeRule{offline_mode_with_a_reason, Fault::unreachable, "the server is in offline mode"},
    // It can serve nobody for want of its own means.
    CodeRule{1041, Fault::unreachable, "the server is out of memory"},
    CodeRule{1135, Fault::unreachable, "the server cannot start a thread"},
    CodeRule{1152, Fault::unreachable, "the server aborted the connection"},
    CodeRule{1184, Fault::unreachable, "the server aborted the connection"},
    CodeRule{1927, Fault::unreachable, "the connection was killed"},
    CodeRule{3169, Fault::unreachable, "the connection was killed"},
    CodeRule{4031, Fault::unreachable, "the server closed the idle connection"},
    CodeRule{2002, Fault::unreachable, "no connection: refused or out of reach"},
    CodeRule{2003, Fault::unreachable, "no connection: refused or out of reach"},
    CodeRule{2005, Fault::unreachable, "the host name does not resolve"},
    CodeRule{2006, Fault::unreachable, "the server closed the connection"},
    CodeRule{2013, Fault::unreachable, "the server closed the connection"},
    CodeRule{2055, Fault::unreachable, "the server closed the connection"},

    CodeRule{1044, Fault::denied, "access denied"},
    CodeRule{1045, Fault::denied, "access denied"},
    CodeRule{1698, Fault::denied, "access denied"},
    CodeRule{1049, Fault::denied, ""},  // reads as "no such database" to those who may not see it
    CodeRule{1129, Fault::denied, "this host is blocked"},
    CodeRule{1130, Fault::denied, "this host is not allowed to connect"},
    CodeRule{1142, Fault::denied, "privilege missing"},
    CodeRule{1143, Fault::denied, "privilege missing"},
    CodeRule{1227, Fault::denied, "privilege missing"},
    CodeRule{1370, Fault::denied, "privilege missing"},
    CodeRule{1820, Fault::denied, "the password has expired"},
    CodeRule{1862, Fault::denied, "the password has expired"},
    CodeRule{3118, Fault::denied, "the account is locked"},
    CodeRule{4151, Fault::denied, "the account is locked"},
    // Limits of the account: the server answers, and is not what is broken.
    CodeRule{1203, Fault::denied, "the account has too many connections"},
    CodeRule{1226, Fault::denied, "a limit of the account is reached"},
    CodeRule{3955, Fault::denied, "the account is locked after wrong passwords"},
    CodeRule{4150, Fault::denied, "the account is locked after wrong passwords"},
    CodeRule{3159, Fault::denied, "the server insists on TLS: use --ssl"},
    CodeRule{1251, Fault::denied, "no common way to log in"},
    CodeRule{2059, Fault::denied, ""},  // the client's plugin for this account could not be loaded
    CodeRule{2061, Fault::denied, ""},

    CodeRule{2001, Fault::internal, "no socket to be had on this machine"},
    CodeRule{2004, Fault::internal, "no socket to be had on this machine"},

    CodeRule{2026, Fault::untrusted, ""},

    CodeRule{2007, Fault::protocol, "the server speaks another protocol version"},
    CodeRule{2008, Fault::protocol, "the answer is larger than we will read"},
    CodeRule{2012, Fault::protocol, "the server's greeting makes no sense"},
    CodeRule{2014, Fault::protocol, "the server's answer makes no sense"},
    CodeRule{2020, Fault::protocol, "the answer is larger than we will read"},
    CodeRule{2027, Fault::protocol, "the server's answer makes no sense"},
    CodeRule{2000, Fault::protocol, "the server's answer makes no sense"},
    // libmariadb's own, with the wrong plugin in its text.
    CodeRule{5010, Fault::denied, "the server asks for a login that is used with verified TLS only"},

    CodeRule{1969, Fault::timeout, "the server's time limit for a statement was reached"},
    CodeRule{3024, Fault::timeout, "the server's time limit for a statement was reached"},
};

constexpr bool from_the_client_library(int code) { return (code >= 2000 && code < 3000) || code == 5010; }

CodeRule rule_of(int code) {
  for (const CodeRule& rule : rules)
    if (rule.code == code) return rule;
  // A statement that this server does not take is an answer that we cannot use, not an outage.
  return {code, Fault::protocol, ""};
}

// The system's error number in the client library's text: "… on 'db1' (111)", "… system error: 104".
int system_error_in(std::string_view text) {
  for (const std::string_view mark : {std::string_view("system error: "), std::string_view("(")}) {
    const std::size_t at = text.rfind(mark);
    if (at == std::string_view::npos) continue;
    const std::string_view digits = text.substr(at + mark.size());
    int number = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc{})
      return number;
  }
  return 0;
}

// libmariadb reports whatever number an earlier call left behind; these two say nothing.
bool is_telling(int number) { return number != 0 && number != EAGAIN && number != EINPROGRESS; }

// What the server said before TLS was up comes wrapped in an error of the client library's own.
constexpr std::string_view before_tls = "cannot be verified: ";

// "1040 - Too many connections"
std::optional<std::pair<int, std::string_view>> error_before_tls(std::string_view text) {
  const std::size_t at = text.find(before_tls);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + before_tls.size());
  int code = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), code);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (failed != std::errc{} || from_the_client_library(code) || !text.starts_with(" - ")) return std::nullopt;
  return std::pair(code, text.substr(3));
}

std::string shown(int code, std::string_view text) {
  return clean(without_statement(code > 0 ? static_cast<unsigned>(code) : 0, text), 500);
}

std::string words_for_client_error(const CodeRule& rule, int system_error, std::string_view text) {
  const std::string code = " (" + std::to_string(rule.code) + ")";
  if (rule.fault == Fault::unreachable && is_telling(system_error)) return system_reason(system_error) + code;
  if (rule.fault == Fault::internal)
    if (const auto limit = local_limit(system_error)) return *limit + code;
  return (rule.words[0] != '\0' ? rule.words : shown(rule.code, text)) + code;
}

// How MySQL names what took a group member offline when its applier or its group failed.
constexpr std::string_view left_its_group = "leave group on failure";

std::string words_for_server_error(const CodeRule& rule, std::string_view text) {
  std::string words = rule.words;
  if (rule.code == offline_mode_with_a_reason && text.find(left_its_group) != std::string_view::npos)
    words += ": it left its replication group on failure";
  return words.empty() ? words : words + ", ";
}

constexpr char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char left, char right) {
           return lower_case(left) == lower_case(right);
         });
}

std::optional<std::size_t> index_of(const std::vector<std::string>& columns, std::string_view column) {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (same_name(columns[i], column)) return i;
  return std::nullopt;
}

class Purpose {
 public:
  Purpose(SqlSession& session, const std::string& purpose) : session_(session) {
    session.set_purpose(purpose);
  }
  ~Purpose() { session_.set_purpose(""); }
  Purpose(const Purpose&) = delete;
  Purpose& operator=(const Purpose&) = delete;

 private:
  SqlSession& session_;
};

}  // namespace

std::string step_of(const std::string& sql, const std::string& place) { return clean(sql, 120) + place; }

bool SqlError::lacks_privilege() const {
  // 1049: "no such database" is what those read who may not see it.
  constexpr std::array missing_privilege{1044, 1049, 1142, 1143, 1227, 1370};
  return std::find(missing_privilege.begin(), missing_privilege.end(), code_) != missing_privilege.end();
}

Rows ask(SqlSession& session, const std::string& purpose, const std::string& sql) {
  const Purpose scope(session, purpose);
  try {
    return session.query(sql);
  } catch (const SqlError& error) {
    // A session that connects when it is first asked fails in a step of its own.
    const std::string step = error.step();
    if (!step.empty() && !step.starts_with(step_of(sql, ""))) throw;
    throw SqlError(error.fault(), error.code(), purpose, error.reason());
  }
}

SqlError sql_error(const std::string& step, int code, std::string_view text) {
  if (const auto inner = error_before_tls(text)) return sql_error(step, inner->first, inner->second);
  const CodeRule rule = rule_of(code);
  if (code == 0) return {Fault::protocol, 0, step, "the server's answer makes no sense"};
  if (from_the_client_library(code)) {
    const int system_error = code == 2005 ? 0 : system_error_in(text);
    if (rule.fault == Fault::unreachable && system_error == ETIMEDOUT)
      return {Fault::timeout, code, step, "no answer in time"};
    return {rule.fault, code, step, words_for_client_error(rule, system_error, text)};
  }
  return {rule.fault, code, step,
          words_for_server_error(rule, text) + "error " + std::to_string(code) + " \"" + shown(code, text) +
              "\""};
}

bool Rows::has(std::string_view column) const { return index_of(columns, column).has_value(); }

Cell Rows::at(std::size_t row, std::string_view column) const {
  const auto index = index_of(columns, column);
  if (!index || row >= rows.size() || *index >= rows[row].size()) return std::nullopt;
  return rows[row][*index];
}

std::string Login::where() const {
  if (problem) return name;
  if (!socket.empty()) return socket;
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Login::place(const std::string& preposition) const {
  return place_of_step(preposition, name, clean(where(), 300));
}

std::string Login::connecting() const { return "connecting" + place("to"); }

}  // namespace evenkeel::mysql
