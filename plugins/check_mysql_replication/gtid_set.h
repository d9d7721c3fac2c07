// MySQL's GTID sets, "uuid:1-5:7, uuid:tag:1-3", and what GTID_SUBTRACT does with them.
// Source: MySQL Reference Manual, "GTID Format and Storage"; tags are there since MySQL 8.3.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel::replication {

class GtidSet {
 public:
  // Throws Error(Fault::protocol) that quotes what is no GTID set.
  static GtidSet parse(std::string_view text);

  GtidSet minus(const GtidSet& other) const;
  void add(const GtidSet& other);
  // Only transactions that these servers wrote, whatever their tag.
  GtidSet only(const std::set<std::string>& uuids) const;
  GtidSet without(const std::set<std::string>& uuids) const;

  bool empty() const { return intervals_.empty(); }
  std::uint64_t count() const;
  std::set<std::string> uuids() const;  // lower case
  // "uuid:1-5:7, uuid:tag:1"; at most `most` intervals, then "and 12 more".
  std::string str(std::size_t most) const;

 private:
  struct Interval {
    std::uint64_t first;
    std::uint64_t last;
  };
  using Intervals = std::vector<Interval>;  // sorted, apart from each other

  static void parse_source(std::string_view text, std::map<std::string, Intervals>& into);
  static void normalise(Intervals& intervals);
  static Intervals difference(const Intervals& from, const Intervals& taken);

  std::map<std::string, Intervals> intervals_;  // "uuid" or "uuid:tag"
};

}  // namespace evenkeel::replication
