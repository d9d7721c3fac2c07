// A threshold range: [@][start:]end, both ends inside; alert outside it, with @ inside it.
// Source: Monitoring Plugins Development Guidelines, "Threshold and Ranges".
#pragma once

#include <limits>
#include <string>
#include <string_view>

namespace evenkeel {

class Range {
 public:
  // Throws Error(Fault::usage) that quotes the text and names the first thing wrong with it.
  static Range parse(std::string_view text);

  // NaN always alerts: a value that is no number is never fine.
  bool alerts(double value) const;

  // What a reader is told of a value that alerts: "above 600", "below 10", "inside 10..20".
  std::string complaint(double value) const;

  // Range::parse(r.str()) == r, in plain decimals.
  std::string str() const;

  // A range that is written as a plain number; Icinga 2 drops thresholds of any other form.
  bool is_plain_number() const;

  double start() const { return start_; }
  double end() const { return end_; }
  bool inverted() const { return inverted_; }
  bool operator==(const Range&) const = default;

 private:
  double start_ = 0;
  double end_ = std::numeric_limits<double>::infinity();
  bool inverted_ = false;
};

}  // namespace evenkeel
