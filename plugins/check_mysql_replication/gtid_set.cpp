#include "gtid_set.h"

#include <algorithm>
#include <limits>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

Error no_gtid_set(std::string_view text) {
  return Error(Fault::protocol, "\"" + clean(text, 60) + "\" is no GTID set; expected uuid:first-last");
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > 32 || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::uint64_t number_from(std::string_view text) {
  const auto value = parse_integer<std::uint64_t>(text);
  // MySQL's own limit; it leaves room for last + 1.
  if (!value || *value == 0 || *value >= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    throw no_gtid_set(text);
  return *value;
}

std::string_view next_part(std::string_view& text, char separator) {
  return trim(take_until(text, separator));
}

std::string uuid_of(const std::string& key) { return key.substr(0, 36); }

}  // namespace

GtidSet GtidSet::parse(std::string_view text) {
  GtidSet set;
  while (!text.empty()) {
    const std::string_view source = next_part(text, ',');
    if (!source.empty()) parse_source(source, set.intervals_);
  }
  for (auto& [key, intervals] : set.intervals_) normalise(intervals);
  return set;
}

void GtidSet::parse_source(std::string_view text, std::map<std::string, Intervals>& into) {
  const std::string_view whole = text;
  const std::string uuid = lower(next_part(text, ':'));
  if (!is_uuid(uuid) || text.empty()) throw no_gtid_set(whole);
  std::string key = uuid;
  while (!text.empty()) {
    const std::string part = lower(next_part(text, ':'));
    if (is_tag(part)) {
      key = uuid + ":" + part;
      continue;
    }
    const std::size_t dash = part.find('-');
    const std::uint64_t first = number_from(std::string_view(part).substr(0, dash));
    const std::uint64_t last =
        dash == std::string::npos ? first : number_from(std::string_view(part).substr(dash + 1));
    if (last < first) throw no_gtid_set(whole);
    into[key].push_back({first, last});
  }
}

void GtidSet::normalise(Intervals& intervals) {
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& a, const Interval& b) { return a.first < b.first; });
  Intervals merged;
  for (const Interval& interval : intervals) {
    if (!merged.empty() && interval.first <= merged.back().last + 1)
      merged.back().last = std::max(merged.back().last, interval.last);
    else
      merged.push_back(interval);
  }
  intervals = std::move(merged);
}

GtidSet::Intervals GtidSet::difference(const Intervals& from, const Intervals& taken) {
  Intervals rest;
  std::size_t i = 0;
  for (Interval interval : from) {
    while (i < taken.size() && taken[i].last < interval.first) ++i;
    bool used_up = false;
    for (std::size_t j = i; j < taken.size() && taken[j].first <= interval.last; ++j) {
      if (taken[j].first > interval.first) rest.push_back({interval.first, taken[j].first - 1});
      used_up = taken[j].last >= interval.last;
      if (used_up) break;
      interval.first = taken[j].last + 1;
    }
    if (!used_up) rest.push_back(interval);
  }
  return rest;
}

GtidSet GtidSet::minus(const GtidSet& other) const {
  GtidSet result;
  for (const auto& [key, intervals] : intervals_) {
    const auto it = other.intervals_.find(key);
    Intervals rest = it == other.intervals_.end() ? intervals : difference(intervals, it->second);
    if (!rest.empty()) result.intervals_.emplace(key, std::move(rest));
  }
  return result;
}

void GtidSet::add(const GtidSet& other) {
  for (const auto& [key, intervals] : other.intervals_) {
    Intervals& mine = intervals_[key];
    mine.insert(mine.end(), intervals.begin(), intervals.end());
    normalise(mine);
  }
}

GtidSet GtidSet::only(const std::set<std::string>& uuids) const {
  GtidSet result;
  for (const auto& [key, intervals] : intervals_)
    if (uuids.contains(uuid_of(key))) result.intervals_.emplace(key, intervals);
  return result;
}

GtidSet GtidSet::without(const std::set<std::string>& uuids) const {
  GtidSet result;
  for (const auto& [key, intervals] : intervals_)
    if (!uuids.contains(uuid_of(key))) result.intervals_.emplace(key, intervals);
  return result;
}

std::uint64_t GtidSet::count() const {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t sum = 0;
  for (const auto& [key, intervals] : intervals_)
    for (const Interval& interval : intervals) {
      const std::uint64_t size = interval.last - interval.first + 1;
      sum = size > most - sum ? most : sum + size;
    }
  return sum;
}

std::set<std::string> GtidSet::uuids() const {
  std::set<std::string> result;
  for (const auto& [key, intervals] : intervals_) result.insert(uuid_of(key));
  return result;
}

std::string GtidSet::str(std::size_t most) const {
  std::string text;
  std::size_t shown = 0;
  std::size_t left_out = 0;
  for (const auto& [key, intervals] : intervals_) {
    if (shown < most) text += (text.empty() ? "" : ", ") + key;
    for (const Interval& interval : intervals) {
      if (shown >= most) {
        ++left_out;
        continue;
      }
      text += ":" + std::to_string(interval.first);
      if (interval.last > interval.first) text += "-" + std::to_string(interval.last);
      ++shown;
    }
  }
  return left_out == 0 ? text : text + " and " + std::to_string(left_out) + " more";
}

}  // namespace evenkeel::replication
