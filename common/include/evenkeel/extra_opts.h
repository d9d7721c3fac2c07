// --extra-opts: options from an ini file, as monitoring-plugins reads them.
// Source: https://www.monitoring-plugins.org/doc/extra-opts.html
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel {

// One key of an ini section. "key=" has no value; a line without "=" is an error.
struct IniEntry {
  std::string key;
  std::string value;
  bool has_value = false;
  std::size_t line = 0;
};

// The entries of all sections called `section`, in order. Throws Error(Fault::usage) naming `file`
// and the line for what cannot be read as ini, or a section that is not there.
std::vector<IniEntry> parse_ini(std::string_view text, std::string_view section, const std::string& file);

// The arguments that one --extra-opts value stands for: `argument` is [section][@file].
// The section defaults to `plugin_name`, the file to the first of the search path. A key of one
// letter becomes -k, a longer one --key. Missing file, missing or empty section: Error(Fault::usage).
std::vector<std::string> extra_opts_arguments(std::string_view argument, const std::string& plugin_name);

// An option of an ini file: the argument that it stands for, and where it was read.
struct IniArgument {
  std::string argument;
  std::string key;
  std::string section;
  std::string file;
  std::size_t line = 0;
};

// Takes every --extra-opts[=…] out of `arguments` and returns what the files say, in order.
std::vector<IniArgument> take_ini_arguments(std::vector<std::string>& arguments,
                                            const std::string& plugin_name);
// The same without the places.
std::vector<std::string> take_extra_opts(std::vector<std::string>& arguments, const std::string& plugin_name);

}  // namespace evenkeel
