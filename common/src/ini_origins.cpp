#include "ini_origins.h"

#include <algorithm>
#include <cctype>

#include "evenkeel/error.h"
#include "evenkeel/text.h"
#include "option_names.h"

namespace evenkeel {

namespace {

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

// Where the run of name characters that starts at `begin` ends.
std::size_t end_of_name(std::string_view text, std::size_t begin) {
  while (begin < text.size() && is_name_character(text[begin])) ++begin;
  return begin;
}

// Whether the option's value follows, as in `--file /x: why` and `--warning "5x": why`.
bool value_follows(std::string_view rest) {
  if (!rest.starts_with(' ')) return false;
  const std::string_view word = rest.substr(1, rest.find(' ', 1) - 1);
  return word.starts_with('"') || word.starts_with('/') || word.ends_with(':');
}

// By its name or its letter.
const OptionSpec* find_spec(const std::vector<OptionSpec>& specs, std::string_view name) {
  for (const OptionSpec& spec : specs)
    if (spec.name == name || (name.size() == 1 && spec.letter == name.front())) return &spec;
  return nullptr;
}

// These have no place in an ini file.
bool is_for_the_command_line(std::string_view name) {
  return name == "help" || name == "version" || name == "extra-opts";
}

}  // namespace

void require_known_options(const std::vector<OptionSpec>& specs, const std::vector<IniArgument>& arguments) {
  for (const IniArgument& argument : arguments) {
    const std::string& key = argument.key;
    if (find_spec(specs, key) != nullptr) continue;
    const std::string place = " in [" + clean(argument.section, 100) + "] of " + clean(argument.file, 300) +
                              ", line " + std::to_string(argument.line);
    if (key.size() == 1 || resembles_an_option(specs, key))
      throw usage_error("unknown option " + clean(key, 60) + place);
    throw usage_error("unknown option" + place + " (not shown: it resembles none, and may be a secret)");
  }
}

IniOrigins::IniOrigins(const std::vector<OptionSpec>& specs, const std::vector<IniArgument>& arguments)
    : specs_(specs) {
  for (const IniArgument& argument : arguments) {
    const std::string where = " in [" + clean(argument.section, 100) + "] of " + clean(argument.file, 300);
    if (first_place_.empty()) first_place_ = where;
    const OptionSpec* spec = spec_of(argument.key);
    // The last one wins, as it does for the value.
    places_[spec ? spec->name : argument.key] = {argument.key, where};
  }
}

const OptionSpec* IniOrigins::spec_of(std::string_view name) const { return find_spec(specs_, name); }

// "--name", "-x" or "-x --name" at the mention's begin; "option file" stands for --file.
bool IniOrigins::read_mention(std::string_view text, Mention& mention) const {
  constexpr std::string_view option_file = "option file ";
  if (text.substr(mention.begin).starts_with(option_file)) {
    mention.end = mention.begin + option_file.size() - 1;
    mention.name = "file";
    return places_.contains(mention.name);
  }
  if (text[mention.begin] != '-') return false;
  std::size_t begin = mention.begin;
  if (text.size() > begin + 4 && text[begin + 1] != '-' && text.substr(begin + 2, 3) == " --") begin += 3;
  const bool is_long = text.substr(begin).starts_with("--");
  const std::size_t name = begin + (is_long ? 2 : 1);
  mention.end = end_of_name(text, name);
  mention.name = text.substr(name, mention.end - name);
  if (mention.name.empty() || (!is_long && mention.name.size() > 1)) return false;
  mention.spec = spec_of(mention.name);
  if (mention.spec) mention.name = mention.spec->name;
  return mention.spec || places_.contains(mention.name) ||
         text.substr(0, mention.begin).ends_with("unknown option ");
}

// What stands in quotes is somebody's text, not ours.
std::vector<IniOrigins::Mention> IniOrigins::mentions_in(std::string_view text) const {
  std::vector<Mention> mentions;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    const bool at_word = i == 0 || text[i - 1] == ' ' || text[i - 1] == '(';
    if (quoted || !at_word) continue;
    Mention mention;
    mention.begin = i;
    if (!read_mention(text, mention)) continue;
    i = mention.end - 1;
    mentions.push_back(std::move(mention));
  }
  return mentions;
}

std::string IniOrigins::key_of(const Mention& mention) const {
  const auto place = places_.find(mention.name);
  if (place != places_.end()) return place->second.key;
  const bool is_flag = mention.spec && mention.spec->value.empty();
  return mention.name + (is_flag ? "=" : "");
}

std::string IniOrigins::reworded(std::string_view text, const Typed& typed, bool missing_too) const {
  std::string result;
  std::string last_where;
  std::size_t done = 0;
  for (const Mention& mention : mentions_in(text)) {
    if (typed(mention.name) || is_for_the_command_line(mention.name)) continue;
    const auto place = places_.find(mention.name);
    if (place == places_.end() && !missing_too) continue;
    result += text.substr(done, mention.begin - done);
    result += key_of(mention);
    done = mention.end;
    const std::string& where = place == places_.end() ? first_place_ : place->second.where;
    if (where == last_where) continue;
    result += where;
    if (value_follows(text.substr(done))) result += ':';
    last_where = where;
  }
  return result.append(text.substr(done));
}

std::string IniOrigins::in_its_words(std::string_view text, const Typed& typed) const {
  if (empty()) return std::string(text);
  const std::vector<Mention> mentions = mentions_in(text);
  const bool about_typed = std::any_of(mentions.begin(), mentions.end(),
                                       [&](const Mention& mention) { return typed(mention.name); });
  return reworded(text, typed, !about_typed);
}

}  // namespace evenkeel
