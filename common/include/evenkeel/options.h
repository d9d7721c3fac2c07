// Options as data: a plugin describes them once; parsing, --help, man page, completion and the
// documentation's tables come from the same description.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel {

struct OptionSpec {
  std::string name = {};   // "hostname"; used as --hostname
  char letter = 0;         // 'H', or 0
  std::string value = {};  // "HOST[:PORT]"; empty for a flag
  std::string help = {};
  std::string default_text = {};  // shown in help; empty where there is none
  bool repeatable = false;        // may stand more than once; every value counts
  bool secret = false;            // the value is wiped from the process list
  bool optional_value = false;    // --name or --name=VALUE
  bool may_hold_login = false;    // a value such as "a:b@c" is in order, or has an error of its own
};

// The options of one run after strict parsing. The command line replaces the ini file's values.
class Options {
 public:
  // Values per option in the order given. `from_file` comes from --extra-opts.
  // `arguments` excludes argv[0]. Throws Error(Fault::usage): unknown option, abbreviation, stray
  // word, missing or unwanted value, single-value option given twice on the command line, a value with
  // user:password@host in it.
  static Options parse(const std::vector<OptionSpec>& specs, const std::vector<std::string>& arguments,
                       const std::vector<std::string>& from_file = {});

  bool has(std::string_view name) const;
  std::size_t count(std::string_view name) const;  // how often a flag stands there: -vvv is 3
  // The value, or nothing where the option was not given.
  std::optional<std::string> value(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;
  // Both layers, for options such as -w where they merge label by label.
  const std::vector<std::string>& values_from_file(std::string_view name) const;
  const std::vector<std::string>& values_from_command_line(std::string_view name) const;

  // Typed reads. Each throws Error(Fault::usage) that names the option and what it accepts, and
  // the text where it is a number: another may be a password.
  double number(std::string_view name, double fallback, double min, double max) const;
  long integer(std::string_view name, long fallback, long min, long max) const;

 private:
  using Values = std::map<std::string, std::vector<std::string>, std::less<>>;
  Values file_;
  Values command_line_;
};

// Overwrites the values of secret options in argv, so that `ps` never shows them. Call it before
// anything else; `arguments` must have been copied before.
void wipe_secrets(const std::vector<OptionSpec>& specs, int argc, char** argv);

}  // namespace evenkeel
