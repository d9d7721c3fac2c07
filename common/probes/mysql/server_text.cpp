#include "evenkeel/mysql/server_text.h"

#include <algorithm>
#include <array>

#include "evenkeel/text.h"

namespace evenkeel::mysql {

namespace {

constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr std::string_view query_mark = "query:";

// Statements with one of these in them are taken to carry credentials. Too many are better than too few: what
// they cost is a literal in a text for people. Blanks are taken out before.
constexpr std::array<std::string_view, 25> marks_of_credentials{
    "identified", "passw",       "pwd",         "passphrase", "secret",  "credential", "auth",
    "crypt",      "encode",      "decode",      "token",      "keyring", "apikey",     "api_key",
    "md5",        "sha(",        "sha/*",       "sha1",       "sha2",    "connection", "mysql",
    "://",        "global_priv", "private_key", "master_info"};

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_quote(char c) { return c == '\'' || c == '"'; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

bool carries_credentials(std::string_view statement) {
  std::string text;
  for (const char c : lower(statement))
    if (!is_blank(c)) text += c;
  return std::any_of(marks_of_credentials.begin(), marks_of_credentials.end(),
                     [&](std::string_view mark) { return text.find(mark) != std::string::npos; });
}

// Where a plain `user` is the table of accounts.
bool is_about_accounts(std::string_view before) {
  return lower(before).find("database: 'mysql'") != std::string::npos;
}

// x'73', N's', _utf8'…' begin at the quote; 0x73 and 0b01 do not.
bool begins_literal(std::string_view text, std::size_t at) {
  if (is_quote(text[at])) return true;
  const bool begins_word = at == 0 || !is_word(text[at - 1]);
  return begins_word && text[at] == '0' && at + 1 < text.size() &&
         (text[at + 1] == 'x' || text[at + 1] == 'X' || text[at + 1] == 'b' || text[at + 1] == 'B');
}

// Up to the first literal, which "…" stands for.
std::string up_to_literal(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (begins_literal(text, i)) return std::string(text.substr(0, i)).append(ellipsis);
  return std::string(text);
}

// Where the statement begins: behind "Query:", and behind the quote that the server puts around it.
std::size_t begin_of_statement(std::string_view text, std::size_t mark) {
  std::size_t at = mark + query_mark.size();
  while (at < text.size() && is_blank(text[at])) ++at;
  return at < text.size() && is_quote(text[at]) ? at + 1 : at;
}

// "… to use near 'by 'secret'' at line 1": what is quoted may hold quotes, or begin within a literal.
std::string without_near(std::string_view text) {
  constexpr std::string_view near = " near ";
  const std::string lowered = lower(text);
  const std::size_t begin = lowered.find(near);
  if (begin == std::string::npos) return std::string(text);
  const std::size_t quote = begin + near.size();
  if (quote >= text.size() || !is_quote(text[quote])) return std::string(text);
  const std::size_t query = std::min(lowered.find(query_mark, quote), text.size());
  const std::size_t end = lowered.rfind(" at line ", query);
  std::string result(text.substr(0, quote));
  result += ellipsis;
  if (end != std::string::npos && end > quote)
    result += text.substr(end);
  else if (query < text.size())
    result.append(" ").append(text.substr(query));
  return result;
}

// Behind a word of credentials: "by", "=", "(" and the like. A mere mention such as "(using password: YES)"
// or 'caching_sha2_password' is none.
bool introduces_secret(std::string_view lowered, std::size_t begin, std::size_t end, bool identified) {
  std::size_t at = end;
  while (at < lowered.size() && is_blank(lowered[at])) ++at;
  const std::string_view rest = lowered.substr(at);
  if (rest.starts_with("/*") || rest.starts_with("--") || rest.starts_with("#")) return true;
  if (identified)
    return rest.starts_with("by") || rest.starts_with("as") || rest.starts_with("with") ||
           rest.starts_with("via") || rest.starts_with("using");
  const bool whole_word = begin == 0 || !is_word(lowered[begin - 1]);
  return rest.starts_with("=") || rest.starts_with("(") || rest.starts_with("for ") ||
         (whole_word && at > end && !rest.empty() && is_quote(rest.front()));
}

// A statement may stand in a text that does not say "Query:". Cut behind the word that introduces a secret.
std::string without_secret_in_prose(std::string_view text) {
  const std::string lowered = lower(text);
  std::size_t first = std::string::npos;
  for (const std::string_view word : {std::string_view("identified"), std::string_view("password"),
                                      std::string_view("authentication_string"), std::string_view("crypt")})
    for (std::size_t at = lowered.find(word); at != std::string::npos; at = lowered.find(word, at + 1))
      if (introduces_secret(lowered, at, at + word.size(), word == "identified")) {
        first = std::min(first, at + word.size());
        break;
      }
  if (first == std::string::npos) return std::string(text);
  return std::string(text.substr(0, first)).append(" ").append(ellipsis);
}

// "mysql://user:secret@host" becomes "mysql://…@host".
std::string without_url_logins(std::string_view text) {
  constexpr std::string_view scheme = "://";
  std::string result;
  for (std::size_t at = text.find(scheme); at != std::string_view::npos; at = text.find(scheme)) {
    result += text.substr(0, at + scheme.size());
    text.remove_prefix(at + scheme.size());
    // A password may hold anything but what ends the word; cut before its "@", it is still one.
    const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
    const std::size_t sign = text.substr(0, end).rfind('@');
    const std::size_t colon = text.substr(0, end).find(':');
    const std::size_t secret = sign != std::string_view::npos                          ? sign
                               : colon != std::string_view::npos && end == text.size() ? end
                                                                                       : 0;
    if (secret > 0) result += ellipsis;
    text.remove_prefix(secret);
  }
  return result.append(text);
}

}  // namespace

std::string without_statement(std::string_view text) {
  const std::string_view before = trim(text.substr(0, lower(text).find(query_mark)));
  return without_url_logins(without_secret_in_prose(before));
}

std::string without_credentials(std::string_view text) {
  const std::string rest = without_near(text);
  const bool has_fragment = rest.size() != text.size();
  const std::size_t query = lower(rest).find(query_mark);
  if (query == std::string::npos) return without_url_logins(without_secret_in_prose(rest));
  const std::string before = without_secret_in_prose(std::string_view(rest).substr(0, query));
  const std::size_t begin = begin_of_statement(rest, query);
  const std::string_view statement = std::string_view(rest).substr(begin);
  const std::string mark = rest.substr(query, begin - query);
  const bool secret = has_fragment || carries_credentials(statement) || is_about_accounts(before);
  return without_url_logins(before + mark + (secret ? up_to_literal(statement) : std::string(statement)));
}

}  // namespace evenkeel::mysql
