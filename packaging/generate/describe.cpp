// Takes the place of run_plugin(): a plugin's main() linked with this prints what the plugin says of itself,
// as JSON. Man pages, completion and the documentation's tables are made of it.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "evenkeel/check.h"

namespace evenkeel {

namespace {

using nlohmann::ordered_json;

ordered_json as_json(const OptionSpec& spec) {
  return {{"name", spec.name},
          {"letter", spec.letter ? std::string(1, spec.letter) : ""},
          {"value", spec.value},
          {"help", spec.help},
          {"default", spec.default_text},
          {"repeatable", spec.repeatable},
          {"secret", spec.secret},
          {"optional_value", spec.optional_value}};
}

ordered_json as_json(const LabelSpec& label) {
  return {{"name", label.name},
          {"unit", label.unit},
          {"help", label.help},
          {"default_warning", label.default_warning},
          {"default_critical", label.default_critical}};
}

ordered_json as_json(const Example& example) {
  return {{"command", example.command}, {"output", example.output}};
}

template <typename Item>
ordered_json list_of(const std::vector<Item>& items) {
  ordered_json list = ordered_json::array();
  for (const Item& item : items) list.push_back(as_json(item));
  return list;
}

}  // namespace

// NOLINTNEXTLINE(performance-unnecessary-value-param): its place is taken, so its parameters are.
int run_plugin(std::shared_ptr<Check> check, int, char**) {
  const Description description = check->describe();
  const ordered_json json{{"name", description.name},
                          {"purpose", description.purpose},
                          {"options", list_of(description.options)},
                          {"common_options", list_of(common_options(description))},
                          {"labels", list_of(description.labels)},
                          {"examples", list_of(description.examples)},
                          {"notes", description.notes},
                          {"default_timeout", description.default_timeout}};
  return std::puts(json.dump(1).c_str()) < 0 ? 1 : 0;
}

}  // namespace evenkeel
