#include "evenkeel/mysql/gtid_position.h"

#include <algorithm>
#include <charconv>

#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::mysql {

namespace {

template <class Integer>
bool take_number(std::string_view& text, Integer& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_dash(std::string_view& text) {
  if (text.empty() || text.front() != '-') return false;
  text.remove_prefix(1);
  return true;
}

Gtid gtid_from(std::string_view text) {
  Gtid gtid;
  std::string_view rest = text;
  const bool complete = take_number(rest, gtid.domain) && take_dash(rest) && take_number(rest, gtid.server) &&
                        take_dash(rest) && take_number(rest, gtid.number) && rest.empty();
  if (!complete)
    throw Error(Fault::protocol, "\"" + clean(text, 60) + "\" is no GTID; expected domain-server-number");
  return gtid;
}

}  // namespace

std::string Gtid::str() const {
  return std::to_string(domain) + "-" + std::to_string(server) + "-" + std::to_string(number);
}

GtidPosition GtidPosition::parse(std::string_view text) {
  GtidPosition position;
  while (!text.empty()) {
    const std::string_view item = trim(take_until(text, ','));
    if (!item.empty()) {
      const Gtid gtid = gtid_from(item);
      std::uint64_t& number = position.by_domain_[gtid.domain][gtid.server];
      number = std::max(number, gtid.number);
    }
  }
  return position;
}

void GtidPosition::add(const GtidPosition& other) {
  for (const Gtid& gtid : other.all()) {
    std::uint64_t& number = by_domain_[gtid.domain][gtid.server];
    number = std::max(number, gtid.number);
  }
}

std::vector<Gtid> GtidPosition::all() const {
  std::vector<Gtid> result;
  for (const auto& [domain, servers] : by_domain_)
    for (const auto& [server, number] : servers) result.push_back({domain, server, number});
  return result;
}

std::uint64_t GtidPosition::highest(std::uint32_t domain) const {
  std::uint64_t highest = 0;
  const auto it = by_domain_.find(domain);
  if (it == by_domain_.end()) return 0;
  for (const auto& [server, number] : it->second) highest = std::max(highest, number);
  return highest;
}

std::uint64_t GtidPosition::of(std::uint32_t domain, std::uint32_t server) const {
  const auto it = by_domain_.find(domain);
  if (it == by_domain_.end()) return 0;
  const auto found = it->second.find(server);
  return found == it->second.end() ? 0 : found->second;
}

std::uint64_t GtidPosition::highest_of_others(std::uint32_t domain, std::uint32_t server) const {
  std::uint64_t highest = 0;
  const auto it = by_domain_.find(domain);
  if (it == by_domain_.end()) return 0;
  for (const auto& [other, number] : it->second)
    if (other != server) highest = std::max(highest, number);
  return highest;
}

}  // namespace evenkeel::mysql
