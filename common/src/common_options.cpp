#include "evenkeel/check.h"
#include "evenkeel/text.h"

namespace evenkeel {

std::vector<OptionSpec> common_options(const Description& description) {
  std::vector<OptionSpec> options{
      {.name = "help", .letter = 'h', .help = "print this and exit with 3"},
      {.name = "version", .letter = 'V', .help = "print the version and exit with 3"},
      {.name = "verbose",
       .letter = 'v',
       .help =
           "-v: every finding in full, and facts; -vv: every label with its thresholds; -vvv: what was asked "
           "of each target and how long it took",
       .repeatable = true},
      {.name = "timeout",
       .letter = 't',
       .value = "N[:STATE]",
       .help = "end within N seconds whatever the targets do; STATE (ok, warning, critical, unknown or 0 to "
               "3) is "
               "what a time-out counts as",
       .default_text = format_number(description.default_timeout) + ":CRITICAL"},
      {.name = "warning",
       .letter = 'w',
       .value = "[LABEL=]RANGE",
       .help = "WARNING when the value is outside the range; LABEL judges every instance, LABEL@INSTANCE "
               "that one",
       .repeatable = true,
       .may_hold_login = true},
      {.name = "critical",
       .letter = 'c',
       .value = "[LABEL=]RANGE",
       .help = "CRITICAL when the value is outside the range",
       .repeatable = true,
       .may_hold_login = true},
      {.name = "extra-opts",
       .value = "[SECTION][@FILE]",
       .help = "options from a section of an ini file, as monitoring-plugins reads it; what stands on the "
               "command "
               "line replaces them",
       .default_text = description.name + ", from the first monitoring-plugins.ini of the usual folders",
       .repeatable = true,
       .optional_value = true},
      {.name = "perfdata-thresholds",
       .value = "range|plain|none",
       .help = "thresholds in performance data: as ranges, only those that are plain numbers (Icinga 2 drops "
               "others), or none",
       .default_text = "range"},
      {.name = "instance-labels",
       .value = "auto|always",
       .help = "auto: labels name the target where there are several; always: a graph lives on when a second "
               "target is added",
       .default_text = "auto"},
      {.name = "max-output",
       .value = "BYTES",
       .help = "keep the text within BYTES: long lines are dropped first, then whole items of performance "
               "data from "
               "the end",
       .default_text = "no limit"},
      {.name = "state-dir",
       .value = "DIR",
       .help = "where the last run's counters are kept, in a folder per user; not in one that everybody may "
               "write to "
               "without the sticky bit",
       .default_text =
           "$EVENKEEL_STATE_DIR, else /var/lib/evenkeel where writable, else the user's state folder"},
      {.name = "no-state", .help = "keep nothing, and use nothing that was kept"},
      {.name = "output", .value = "text|json", .help = "how to print the result", .default_text = "text"}};
  return options;
}

}  // namespace evenkeel
