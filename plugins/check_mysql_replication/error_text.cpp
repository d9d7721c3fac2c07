#include "error_text.h"

#include "evenkeel/mysql/server_text.h"
#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

constexpr std::size_t longest = 300;

// The text after `mark`, where the text begins with `head`; otherwise as it is.
std::string_view after(std::string_view text, std::string_view head, std::string_view mark) {
  if (!lower(text.substr(0, head.size())).starts_with(head)) return text;
  const std::size_t at = lower(text).find(mark, head.size());
  return at == std::string_view::npos ? text : text.substr(at + mark.size());
}

std::string_view before(std::string_view text, std::string_view mark) {
  return text.substr(0, text.find(mark));
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '\'' && text.back() == '\'';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// "Error 'why' on query. Default database: 'd'." without what stands around it.
std::string unframed_query_error(std::string_view text) {
  constexpr std::string_view head = "Error '", middle = "' on query. Default database: '";
  const std::size_t at = text.rfind(middle);
  if (!text.starts_with(head) || at == std::string_view::npos || at < head.size()) return std::string(text);
  const std::string_view database = before(text.substr(at + middle.size()), "'");
  return std::string(text.substr(head.size(), at - head.size())) +
         (database.empty() ? "" : " (database " + std::string(database) + ")");
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 8 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string essence(unsigned error, std::string_view full_text) {
  const std::string without_query = mysql::without_statement(error, full_text);
  std::string_view text = trim(without_query);
  // Without SELECT on performance_schema, all there is of a worker's error on MySQL.
  text = before(after(text, "coordinator stopped because", "being: "), ". See error log and/or ");
  text = after(text, "worker ", "; ");
  text = after(text, "error connecting to ", "message: ");
  text = after(text, "error reconnecting to ", "message: ");
  text = without_quotes(after(text, "error executing row event", ": "));
  text = without_quotes(after(text, "got fatal error ", "binary log: "));

  constexpr std::string_view event = " event on table ";
  const std::size_t at = text.find(event);
  if (text.starts_with("Could not execute ") && at != std::string_view::npos) {
    const std::string_view table = before(text.substr(at + event.size()), ";");
    const std::string_view cause = before(after(text, "could not execute ", "; "), ", Error_code:");
    return clean(cause, longest) + " (table " + clean(table, 130) + ")";
  }
  return clean(unframed_query_error(text), longest);
}

std::string error_suffix(const ReplicationThread& thread) {
  if (thread.error == 0) return {};
  std::string number = std::to_string(thread.error);
  // What the source refused with is what every manual knows; MySQL 9 gives it a number of its own (13114).
  const std::string_view refused = after(thread.error_text, "got fatal error", " ");
  const std::string_view source_number = before(refused, " ");
  if (refused != thread.error_text && is_number(source_number)) number = source_number;
  return ", error " + number + " \"" + essence(thread.error, thread.error_text) + "\"";
}

}  // namespace evenkeel::replication
