#include "evenkeel/mysql/server_text.h"

#include <algorithm>

#include "evenkeel/text.h"
#include "quoting_errors.h"
#include "statement_shape.h"

namespace evenkeel::mysql {

namespace {

constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr std::string_view query_mark = "query:";

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_quote(char c) { return c == '\'' || c == '"'; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

// Where the statement begins: behind "Query:", and behind the quote that the server puts around it.
std::size_t begin_of_statement(std::string_view text, std::size_t mark) {
  std::size_t at = mark + query_mark.size();
  while (at < text.size() && is_blank(text[at])) ++at;
  return at < text.size() && is_quote(text[at]) ? at + 1 : at;
}

// "… to use near 'by 'secret'' at line 1": what is quoted may hold quotes, or begin within a literal. The
// errors that we know have been reworded before, by their numbers.
std::string without_near(std::string_view text) {
  constexpr std::string_view near = " near ";
  const std::string lowered = lower(text);
  const std::size_t begin = lowered.find(near);
  if (begin == std::string::npos) return std::string(text);
  const std::size_t quote = begin + near.size();
  if (quote >= text.size() || !is_quote(text[quote])) return std::string(text);
  const std::size_t end = lowered.rfind(" at line ");
  std::string result(text.substr(0, quote));
  result += ellipsis;
  if (end != std::string::npos && end > quote) result += text.substr(end);
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

std::string without_statement(unsigned number, std::string_view text) {
  const std::string rest = without_quoted_values(number, text);
  const std::string_view before = trim(std::string_view(rest).substr(0, lower(rest).find(query_mark)));
  return without_url_logins(without_secret_in_prose(without_near(before)));
}

std::string without_credentials(unsigned number, std::string_view text) {
  const std::string rest = without_quoted_values(number, text);
  const std::string lowered = lower(rest);
  const std::size_t query = lowered.find(query_mark);
  const std::string before = without_secret_in_prose(without_near(std::string_view(rest).substr(0, query)));
  if (query == std::string::npos) return without_url_logins(before);
  const std::size_t begin = begin_of_statement(rest, query);
  const std::string mark = rest.substr(query, begin - query);
  // The message may hold the mark, too. Read from the wrong place, what is within quotes would be shown.
  const bool is_ambiguous = lowered.find(query_mark, begin) != std::string::npos;
  if (is_ambiguous) return without_url_logins(before + mark).append(ellipsis);
  std::string_view statement = std::string_view(rest).substr(begin);
  const bool is_quoted = is_quote(mark.back()) && statement.ends_with(mark.back());
  if (is_quoted) statement.remove_suffix(1);
  return without_url_logins(before) + mark + shape_of_statement(statement) +
         (is_quoted ? std::string(1, mark.back()) : "");
}

}  // namespace evenkeel::mysql
