// Where the options of ini files stand, so that an error names an option as its reader finds it:
// "table in [check_table_sync] of /etc/evenkeel/evenkeel.ini" instead of "--table".
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/extra_opts.h"
#include "evenkeel/options.h"

namespace evenkeel {

// Throws Error(Fault::usage) for an option that does not exist. Its name is shown where it resembles one that
// does; any other could be a secret that stands in a line of its own, or behind an option without its "=".
void require_known_options(const std::vector<OptionSpec>& specs, const std::vector<IniArgument>& arguments);

class IniOrigins {
 public:
  IniOrigins() = default;
  IniOrigins(const std::vector<OptionSpec>& specs, const std::vector<IniArgument>& arguments);

  // Nothing came from an ini file, so nothing is reworded.
  bool empty() const { return places_.empty(); }

  // Whether the command line gave an option, by its long name.
  using Typed = std::function<bool(const std::string&)>;

  // An error or a finding. Options on the command line keep their dashes. An option that stands nowhere is
  // missing in the ini file, unless the text is about one that was typed.
  std::string in_its_words(std::string_view text, const Typed& typed) const;

 private:
  struct Place {
    std::string key;  // as it is written there: "warning" or "w"
    std::string where;
  };
  struct Mention {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string name;
    const OptionSpec* spec = nullptr;  // nothing where no such option exists
  };

  std::vector<Mention> mentions_in(std::string_view text) const;
  bool read_mention(std::string_view text, Mention& mention) const;
  const OptionSpec* spec_of(std::string_view name) const;
  std::string reworded(std::string_view text, const Typed& typed, bool missing_too) const;
  std::string key_of(const Mention& mention) const;

  std::vector<OptionSpec> specs_;
  std::map<std::string, Place, std::less<>> places_;  // by the option's long name
  std::string first_place_;
};

}  // namespace evenkeel
