#include "evenkeel/options.h"

#include <algorithm>
#include <boost/program_options.hpp>

#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "option_names.h"
#include "shown_value.h"

namespace evenkeel {

namespace {

namespace po = boost::program_options;

// Everything but allow_guessing: an abbreviation that works today means something else tomorrow.
constexpr int strict_style =
    po::command_line_style::allow_long | po::command_line_style::allow_short |
    po::command_line_style::long_allow_adjacent | po::command_line_style::long_allow_next |
    po::command_line_style::short_allow_adjacent | po::command_line_style::short_allow_next |
    po::command_line_style::allow_sticky | po::command_line_style::allow_dash_for_short;

// Whether one of the words could be this option, in whatever form.
bool could_be_in(const OptionSpec& spec, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    if (word.starts_with("--")) return word.compare(2, spec.name.size(), spec.name) == 0;
    return word.starts_with('-') && spec.letter && word.find(spec.letter) != std::string::npos;
  });
}

// To describe an option takes the library longer than to find it: those that cannot be meant are left out.
po::options_description boost_description(const std::vector<OptionSpec>& specs,
                                          const std::vector<std::string>& words) {
  po::options_description description;
  for (const OptionSpec& spec : specs) {
    if (!could_be_in(spec, words)) continue;
    const std::string names = spec.letter ? spec.name + "," + spec.letter : spec.name;
    const bool flag = spec.value.empty();
    description.add_options()(names.c_str(), new po::untyped_value(flag), "");
  }
  return description;
}

std::string shown(const OptionSpec& spec) {
  return spec.letter ? std::string("-") + spec.letter + " --" + spec.name : "--" + spec.name;
}

const OptionSpec* find_spec(const std::vector<OptionSpec>& specs, std::string_view name) {
  const auto it =
      std::find_if(specs.begin(), specs.end(), [&](const OptionSpec& spec) { return spec.name == name; });
  return it == specs.end() ? nullptr : &*it;
}

// The option as the user would look it up, whatever form the library names it in.
std::string shown_in_error(const std::vector<OptionSpec>& specs, std::string name) {
  name.erase(0, name.find_first_not_of('-'));
  for (const OptionSpec& spec : specs)
    if (name == spec.name || (spec.letter && name == std::string(1, spec.letter))) return shown(spec);
  return name.size() == 1 ? "-" + clean(name, 10) : unknown_option_text(specs, name);
}

const OptionSpec* spec_of_letter(const std::vector<OptionSpec>& specs, char letter) {
  const auto it = std::find_if(specs.begin(), specs.end(),
                               [&](const OptionSpec& spec) { return spec.letter && spec.letter == letter; });
  return it == specs.end() ? nullptr : &*it;
}

// What is unknown of "--pasword=secret" and "-vZsecret": the name, and not a letter of the value.
std::string unknown_part(const std::vector<OptionSpec>& specs, const std::string& word) {
  if (word.starts_with("--")) return unknown_option_text(specs, word.substr(2, word.find('=') - 2));
  for (const char letter : word.substr(std::min<std::size_t>(word.size(), 1)))
    if (spec_of_letter(specs, letter) == nullptr) return clean(std::string("-") + letter, 10);
  return "-" + clean(word.substr(1, 1), 10);
}

std::vector<po::option> split(const std::vector<OptionSpec>& specs,
                              const std::vector<std::string>& arguments) {
  const po::options_description description = boost_description(specs, arguments);
  try {
    return po::command_line_parser(arguments).options(description).style(strict_style).run().options;
  } catch (const po::unknown_option& error) {
    throw usage_error("unknown option " + unknown_part(specs, error.get_option_name()));
  } catch (const po::invalid_command_line_syntax& error) {
    const bool unwanted = error.kind() == po::invalid_syntax::extra_parameter;
    throw usage_error(shown_in_error(specs, error.get_option_name()) +
                      (unwanted ? " takes no value" : " needs a value"));
  } catch (const po::error&) {
    // Its text may quote any word, and a word may be a secret.
    throw usage_error("the command line cannot be read");
  }
}

double number_of(const std::string& name, const std::string& text) {
  double value = 0;
  if (!parse_number(text, value))
    throw usage_error("--" + name + ": " + shown_number(text) + " is not a number");
  return value;
}

void check_bounds(const std::string& name, const std::string& text, double value, double min, double max) {
  if (value < min || value > max)
    throw usage_error("--" + name + ": " + clean(text, 60) + " is not within " + format_exact(min) + " to " +
                      format_exact(max));
}

// An address with a login in it would be shown by errors, as a target's name, and by ps.
void refuse_login(const OptionSpec& spec, const std::string& value) {
  if (spec.secret || spec.may_hold_login || !holds_login(value)) return;
  throw usage_error(shown(spec) +
                    ": a user and a password (as in user:password@host) are seen by everyone here");
}

}  // namespace

Options Options::parse(const std::vector<OptionSpec>& specs, const std::vector<std::string>& arguments,
                       const std::vector<std::string>& from_file) {
  const auto collect = [&](const std::vector<std::string>& words, bool strict) {
    Values values;
    for (const po::option& option : split(specs, words)) {
      if (option.position_key >= 0 || option.string_key.empty()) {
        // Not quoted: behind "-password" it is the password.
        const auto word =
            std::find(words.rbegin(), words.rend(), option.value.empty() ? "" : option.value.front());
        throw usage_error("argument " + std::to_string(words.rend() - word) +
                          " is no option and no option's value, and this plugin takes nothing else");
      }
      const OptionSpec* spec = find_spec(specs, option.string_key);
      std::vector<std::string>& all = values[option.string_key];
      if (spec && !spec->repeatable && !spec->value.empty() && !all.empty()) {
        if (strict) throw usage_error(shown(*spec) + " is given twice");
        all.clear();
      }
      if (spec && !option.value.empty()) refuse_login(*spec, option.value.front());
      all.push_back(option.value.empty() ? "" : option.value.front());
    }
    return values;
  };
  Options result;
  result.file_ = collect(from_file, false);
  result.command_line_ = collect(arguments, true);
  return result;
}

bool Options::has(std::string_view name) const { return count(name) > 0; }

std::size_t Options::count(std::string_view name) const { return values(name).size(); }

std::optional<std::string> Options::value(std::string_view name) const {
  const std::vector<std::string> all = values(name);
  if (all.empty()) return std::nullopt;
  return all.back();
}

std::vector<std::string> Options::values(std::string_view name) const {
  const std::vector<std::string>& typed = values_from_command_line(name);
  return typed.empty() ? values_from_file(name) : typed;
}

namespace {

const std::vector<std::string> no_values;

}  // namespace

const std::vector<std::string>& Options::values_from_file(std::string_view name) const {
  const auto it = file_.find(name);
  return it == file_.end() ? no_values : it->second;
}

const std::vector<std::string>& Options::values_from_command_line(std::string_view name) const {
  const auto it = command_line_.find(name);
  return it == command_line_.end() ? no_values : it->second;
}

double Options::number(std::string_view name, double fallback, double min, double max) const {
  const std::optional<std::string> text = value(name);
  if (!text) return fallback;
  const double parsed = number_of(std::string(name), *text);
  check_bounds(std::string(name), *text, parsed, min, max);
  return parsed;
}

long Options::integer(std::string_view name, long fallback, long min, long max) const {
  const std::optional<std::string> text = value(name);
  if (!text) return fallback;
  const double parsed = number_of(std::string(name), *text);
  check_bounds(std::string(name), *text, parsed, static_cast<double>(min), static_cast<double>(max));
  const long whole = static_cast<long>(parsed);
  if (static_cast<double>(whole) != parsed)
    throw usage_error("--" + std::string(name) + ": " + clean(*text, 60) + " is not a whole number");
  return whole;
}

namespace {

void overwrite(char* text) {
  for (; *text != '\0'; ++text) *text = 'x';
}

struct ValuePlace {
  bool secret = false;
  char* inside = nullptr;  // the value within the same word
  bool in_next = false;    // the value is the next word
};

ValuePlace long_option_value(const std::vector<OptionSpec>& specs, char* word) {
  std::string_view name = word + 2;
  const std::size_t equals = name.find('=');
  const OptionSpec* spec = find_spec(specs, name.substr(0, equals));
  // An abbreviation is an error later on, but its secret is on show until then.
  if (!spec)
    for (const OptionSpec& candidate : specs)
      if (candidate.secret && candidate.name.starts_with(name.substr(0, equals))) spec = &candidate;
  if (!spec) {
    const std::size_t length = secret_option_at_begin(specs, name);
    const bool joined = length > 0 && length < name.size();
    return {length > 0, joined ? word + 2 + length : nullptr, length > 0 && !joined};
  }
  if (spec->value.empty()) return {};
  if (equals != std::string_view::npos) return {spec->secret, word + 2 + equals + 1, false};
  return {spec->secret, nullptr, !spec->optional_value};
}

ValuePlace short_option_value(const std::vector<OptionSpec>& specs, char* word) {
  for (char* letter = word + 1; *letter != '\0'; ++letter) {
    const OptionSpec* spec = spec_of_letter(specs, *letter);
    if (!spec) return {};
    if (spec->value.empty()) continue;
    if (letter[1] != '\0') return {spec->secret, letter + 1, false};
    return {spec->secret, nullptr, true};
  }
  return {};
}

}  // namespace

void wipe_secrets(const std::vector<OptionSpec>& specs, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    ValuePlace place;
    if (word.starts_with("--"))
      place = long_option_value(specs, argv[i]);
    else if (word.starts_with('-') && word.size() > 1)
      place = short_option_value(specs, argv[i]);
    if (place.secret && place.inside) overwrite(place.inside);
    if (place.in_next && i + 1 < argc) {
      ++i;
      if (place.secret) overwrite(argv[i]);
    }
  }
}

}  // namespace evenkeel
