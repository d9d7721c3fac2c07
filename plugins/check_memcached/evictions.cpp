#include "evictions.h"

#include "evenkeel/text.h"

namespace evenkeel::cache {

namespace {

struct Starving {
  unsigned number = 0;
  double evicted = 0;
};

// Classes that the last run's sample does not hold had evicted nothing then.
std::optional<Starving> starving_class(const ServerReading& reading) {
  std::optional<Starving> most;
  for (const auto& [number, slab_class] : reading.classes) {
    const double evicted =
        reading.growth->of(evicted_counter(number)).value_or(static_cast<double>(slab_class.evicted));
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
  if (slab_class.item_size > 0) text += " from " + std::to_string(slab_class.item_size) + "-byte items";
  return text + " (class " + std::to_string(starving->number) + "), oldest lived " +
         format_seconds(static_cast<double>(slab_class.oldest_age));
}

}  // namespace evenkeel::cache
