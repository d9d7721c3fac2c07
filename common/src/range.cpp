#include "evenkeel/range.h"

#include <cmath>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

[[noreturn]] void reject(std::string_view text, const std::string& why) {
  throw usage_error(quote(text) + " is not a range: " + why);
}

double number_in(std::string_view text, std::string_view part, const std::string& role) {
  double value = 0;
  if (part == "~") reject(text, "~ stands only before a colon");
  if (!parse_number(part, value)) reject(text, role + " " + quote(part) + " is not a number");
  return value == 0 ? 0 : value;  // no negative zero
}

}  // namespace

Range Range::parse(std::string_view text) {
  Range range;
  std::string_view rest = text;
  if (rest.empty()) reject(text, "it is empty");
  if (rest.front() == '@') {
    range.inverted_ = true;
    rest.remove_prefix(1);
    if (rest.empty()) reject(text, "nothing follows the @");
  }
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) {
    range.end_ = number_in(text, rest, "the end");
  } else {
    const std::string_view start = rest.substr(0, colon);
    const std::string_view end = rest.substr(colon + 1);
    if (end.find(':') != std::string_view::npos) reject(text, "it has more than one colon");
    if (start.empty() && end.empty()) reject(text, "it has neither start nor end");
    if (start == "~")
      range.start_ = -infinity;
    else if (!start.empty())
      range.start_ = number_in(text, start, "the start");
    if (!end.empty()) range.end_ = number_in(text, end, "the end");
  }
  if (range.start_ > range.end_)
    reject(text, "the start " + format_exact(range.start_) + " is above the end " + format_exact(range.end_));
  return range;
}

bool Range::alerts(double value) const {
  if (std::isnan(value)) return true;
  const bool inside = value >= start_ && value <= end_;
  return inside == inverted_;
}

std::string Range::complaint(double value) const {
  if (std::isnan(value)) return "not a number";
  if (!inverted_) return value < start_ ? "below " + format_exact(start_) : "above " + format_exact(end_);
  const bool open_start = std::isinf(start_);
  const bool open_end = std::isinf(end_);
  if (open_start && open_end) return "any value";
  if (open_start) return "at or below " + format_exact(end_);
  if (open_end) return "at or above " + format_exact(start_);
  return "inside " + format_exact(start_) + " to " + format_exact(end_);
}

std::string Range::str() const {
  std::string text = inverted_ ? "@" : "";
  const bool open_end = std::isinf(end_);
  if (std::isinf(start_))
    text += "~:";
  else if (start_ != 0 || open_end)
    text += format_exact(start_) + ":";
  if (!open_end) text += format_exact(end_);
  return text;
}

bool Range::is_plain_number() const { return !inverted_ && start_ == 0 && !std::isinf(end_); }

}  // namespace evenkeel
