#include "quoting_errors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "evenkeel/text.h"

namespace evenkeel::mysql {

namespace {

constexpr std::size_t npos = std::string::npos;

struct QuotingError {
  unsigned number;
  std::string_view words;
};

constexpr std::string_view syntax = "syntax error";
constexpr std::string_view bad_value = "a value is wrong for its type or column";
constexpr std::string_view bad_setting = "a variable or option cannot have this value";
constexpr std::string_view out_of_range = "a value is out of range";
constexpr std::string_view bad_json = "a value is no valid JSON";
constexpr std::string_view bad_connection = "a connection to another data source is wrong";
constexpr std::string_view bad_expression = "an expression is not allowed where it stands";
constexpr std::string_view not_shown = "the server's text quotes the statement, and is not shown";

// Sources: errmsg.sys of MariaDB 10.11 and 11.8 and of MySQL 9.7, read for what each %s stands for. Names of
// tables, columns and accounts, and the key of a duplicate row (1062), are no reason to be here.
constexpr std::array quoting_errors{
    QuotingError{1064, syntax},
    QuotingError{1149, syntax},
    QuotingError{1219, not_shown},
    QuotingError{1231, bad_setting},
    QuotingError{1291, bad_value},
    QuotingError{1292, bad_value},
    QuotingError{1298, bad_setting},
    QuotingError{1300, bad_value},
    QuotingError{1342, syntax},
    QuotingError{1343, syntax},
    QuotingError{1366, bad_value},
    QuotingError{1367, bad_value},
    QuotingError{1411, bad_value},
    QuotingError{1429, bad_connection},
    QuotingError{1430, bad_connection},
    QuotingError{1432, bad_connection},
    QuotingError{1433, bad_connection},
    QuotingError{1470, "a text is too long"},
    QuotingError{1477, bad_connection},
    QuotingError{1525, bad_value},
    QuotingError{1526, "the table has no partition for a value"},
    QuotingError{1626, not_shown},
    QuotingError{1676, not_shown},
    QuotingError{1690, out_of_range},
    QuotingError{1741, "a key value was not found"},
    QuotingError{1767, bad_setting},
    QuotingError{1769, not_shown},
    QuotingError{1901, bad_expression},
    QuotingError{1912, bad_setting},
    QuotingError{1916, out_of_range},
    QuotingError{1917, bad_value},
    QuotingError{1918, bad_value},
    QuotingError{1978, bad_value},
    QuotingError{3001, "the statement was executed in part only on the source"},
    QuotingError{3002, "the statement ended otherwise here than on the source"},
    QuotingError{3047, bad_value},
    QuotingError{3069, bad_json},
    QuotingError{3140, bad_json},
    QuotingError{3141, bad_json},
    QuotingError{3143, bad_json},
    QuotingError{3145, bad_json},
    QuotingError{3148, bad_json},
    QuotingError{3298, bad_setting},
    QuotingError{3299, bad_setting},
    QuotingError{3415, syntax},
    QuotingError{3854, bad_value},
    QuotingError{4027, bad_expression},
    QuotingError{4058, not_shown},
    QuotingError{4112, bad_value},
    QuotingError{4183, bad_value},
    QuotingError{4188, not_shown},
    QuotingError{4193, bad_value},
    QuotingError{4204, bad_value},
};

// The numbers behind "Error_code: " and "error code=", "MY-001366" among them; and MariaDB's text of 3002,
// which comes with another number.
std::string_view words_for_error_in(std::string_view lowered) {
  if (lowered.find("message (format)='") != npos) return words_for_quoting_error(3002);
  for (const std::string_view mark : {std::string_view("error_code: "), std::string_view("error code=")})
    for (std::size_t at = lowered.find(mark); at != npos; at = lowered.find(mark, at + 1)) {
      std::string_view digits = lowered.substr(at + mark.size());
      if (digits.starts_with("my-")) digits.remove_prefix(3);
      unsigned number = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (const std::string_view words = words_for_quoting_error(number); !words.empty()) return words;
    }
  return {};
}

// Where the message begins in "Could not execute Write_rows event on table d.t; message", alone or behind
// what a worker says of itself; npos where this is no such text.
std::size_t end_of_row_event(std::string_view lowered) {
  constexpr std::string_view head = "could not execute ", middle = " event on table ";
  const std::size_t event = lowered.find(head);
  if (event == npos || lowered.find("error '") < event) return npos;
  if (event > 0 && !lowered.substr(0, event).ends_with("; ")) return npos;
  const std::size_t after_name = lowered.find(' ', event + head.size());
  if (after_name == npos || !lowered.substr(after_name).starts_with(middle)) return npos;
  const std::size_t end = lowered.find("; ", after_name);
  return end == npos ? npos : end + 2;
}

}  // namespace

std::string_view words_for_quoting_error(unsigned number) {
  const auto* const found =
      std::find_if(quoting_errors.begin(), quoting_errors.end(),
                   [number](const QuotingError& error) { return error.number == number; });
  return found == quoting_errors.end() ? std::string_view() : found->words;
}

// These frames are English in every server: "Error '…' on query. Default database: 'd'. Query: '…'" and
// "Could not execute Write_rows event on table d.t; …, Error_code: 1366; …".
std::string without_quoted_values(unsigned number, std::string_view text) {
  const std::string lowered = lower(text);
  std::string_view words = words_for_quoting_error(number);
  if (words.empty()) words = words_for_error_in(lowered);
  if (words.empty() || text.empty()) return std::string(text);

  constexpr std::string_view message_mark = "error '", end_mark = "' on query", query_mark = "query:";
  if (const std::size_t begin = end_of_row_event(lowered); begin != npos) {
    const std::size_t end = std::max(begin, std::min(lowered.rfind(", error_code:"), text.size()));
    return std::string(text.substr(0, begin)).append(words).append(text.substr(end));
  }
  const std::size_t message = lowered.find(message_mark);
  if (message == npos) return std::string(words);
  const std::size_t begin = message + message_mark.size();
  const std::size_t query = std::min(lowered.rfind(query_mark), text.size());
  const std::size_t end = lowered.rfind(end_mark, query);
  std::string result(text.substr(0, begin));
  result += words;
  if (end == npos || end < begin) return result;
  return result.append(trim(text.substr(end, query - end)));
}

}  // namespace evenkeel::mysql
