#include "evictions.h"

#include "evenkeel/text.h"

namespace evenkeel::cache {

namespace {

struct Starving {
  unsigned number = 0;
  double evicted = 0;
};

// A class that no earlier sample holds has evicted nothing before, unless it was empty all along since it
// did: what it has evicted is then more than all classes have evicted since.
std::optional<double> evicted_since(const ServerReading& reading, unsigned number,
                                    const SlabClass& slab_class) {
  if (!slab_class.evicted) return std::nullopt;
  if (const auto grown = reading.growth->of(evicted_counter(number))) return grown;
  const auto whole = static_cast<double>(*slab_class.evicted);
  return whole <= reading.growth->of("evictions").value_or(0) ? std::optional(whole) : std::nullopt;
}

std::optional<Starving> starving_class(const ServerReading& reading) {
  std::optional<Starving> most;
  for (const auto& [number, slab_class] : reading.classes) {
    const double evicted = evicted_since(reading, number, slab_class).value_or(0);
    if (evicted > 0 && (!most || evicted > most->evicted)) most = {number, evicted};
  }
  return most;
}

}  // namespace

std::string evictions_text(const ServerReading& reading) {
  if (!reading.growth) return {};
  const double rate = reading.growth->per_second("evictions").value_or(0);
  if (rate <= 0) return {};
  std::string text = "evicting " + format_number(rate, rate < 10 ? 2 : 0) + "/s";
  const std::optional<Starving> starving = starving_class(reading);
  if (!starving) return text;
  const SlabClass& slab_class = reading.classes.at(starving->number);
  if (slab_class.holds_larger)
    text += " from items of about " + std::to_string(slab_class.item_size) + " bytes and more";
  else if (slab_class.item_size > 0)
    text += " from " + std::to_string(slab_class.item_size) + "-byte items";
  return text + " (class " + std::to_string(starving->number) + "), oldest lived " +
         format_seconds(static_cast<double>(slab_class.oldest_age));
}

}  // namespace evenkeel::cache
