#include "help.h"

#include <string_view>

namespace evenkeel {

namespace {

constexpr std::size_t width = 80;

// Text broken at spaces so that it fits the width, each line after `indent` blanks.
std::string wrap(std::string_view text, std::size_t indent) {
  std::string result;
  while (!text.empty()) {
    const std::size_t room = width - indent;
    std::size_t length = std::min(text.find('\n'), text.size());
    if (length > room) {
      const std::size_t space = text.rfind(' ', room);
      length = space == std::string_view::npos || space == 0 ? std::min(text.find(' '), length) : space;
    }
    if (length > 0) result.append(indent, ' ').append(text.substr(0, length));
    result += '\n';
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return result;
}

std::string option_line(const OptionSpec& spec) {
  std::string line = spec.letter ? std::string(" -") + spec.letter + ", --" : "     --";
  line += spec.name;
  if (!spec.value.empty())
    line += spec.optional_value ? "[=" + spec.value + "]" : (spec.letter ? " " : "=") + spec.value;
  std::string help = spec.help;
  if (!spec.default_text.empty()) help += " (default: " + spec.default_text + ")";
  return line + "\n" + wrap(help, 8);
}

std::string label_line(const LabelSpec& label, bool primary) {
  std::string line = " " + label.name;
  if (!label.unit.empty()) line += " (" + label.unit + ")";
  std::string help = label.help;
  if (primary) help += "; the label that -w and -c mean when they name none";
  if (!label.default_warning.empty()) help += "; warning by default at " + label.default_warning;
  if (!label.default_critical.empty()) help += "; critical by default at " + label.default_critical;
  return line + "\n" + wrap(help, 8);
}

}  // namespace

std::string version_text(const Description& description) {
  return description.name + " " EVENKEEL_VERSION " (evenkeel)\n";
}

std::string help_text(const Description& description) {
  std::string text = version_text(description) + "\n" + wrap(description.purpose, 0);
  text += "\nUsage: " + description.name + " [OPTION]...\n\nOptions:\n";
  for (const OptionSpec& spec : description.options) text += option_line(spec);
  text += "\nOptions of every plugin:\n";
  for (const OptionSpec& spec : common_options(description)) text += option_line(spec);
  if (!description.labels.empty()) text += "\nLabels that take thresholds:\n";
  for (const LabelSpec& label : description.labels)
    text += label_line(label, &label == &description.labels.front());
  text +=
      "\nThresholds are ranges, [@][START:]END: alert outside START to END, both inside the range; with @,\n"
      "alert inside. START defaults to 0, ~ is minus infinity, an empty END infinity.\n";
  if (!description.notes.empty()) text += "\n" + wrap(description.notes, 0);
  if (!description.examples.empty()) text += "\nExamples:\n";
  for (const Example& example : description.examples)
    text += "\n  " + example.command + "\n" + wrap(example.output, 4);
  return text;
}

}  // namespace evenkeel
