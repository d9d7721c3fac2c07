#include "evenkeel/check.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "evenkeel/error.h"
#include "evenkeel/extra_opts.h"
#include "evenkeel/fan_out.h"
#include "evenkeel/render.h"
#include "evenkeel/text.h"
#include "help.h"
#include "process.h"

namespace evenkeel {

namespace {

constexpr double max_timeout = 86400;

struct Settings {
  RenderStyle style;
  bool json = false;
  double timeout = 9;
  Status timeout_state = Status::critical;
};

template <class Value>
Value choice(const Options& options, const std::string& name,
             const std::vector<std::pair<std::string, Value>>& choices) {
  const std::optional<std::string> text = options.value(name);
  if (!text) return choices.front().second;
  std::string known;
  for (const auto& [word, value] : choices) {
    if (*text == word) return value;
    known += (known.empty() ? "" : ", ") + word;
  }
  throw usage_error("--" + name + ": \"" + clean(*text, 60) + "\" is none of " + known);
}

void read_timeout(const Options& options, Settings& settings) {
  const std::optional<std::string> text = options.value("timeout");
  if (!text) return;
  const std::size_t colon = text->find(':');
  double seconds = 0;
  if (!parse_number(std::string_view(*text).substr(0, colon), seconds) || seconds <= 0 ||
      seconds > max_timeout)
    throw usage_error("--timeout: \"" + clean(*text, 60) +
                      "\" does not begin with a number of seconds, up to " + format_exact(max_timeout));
  settings.timeout = seconds;
  if (colon == std::string::npos) return;
  const std::optional<Status> state = parse_status(std::string_view(*text).substr(colon + 1));
  if (!state)
    throw usage_error(
        "--timeout: \"" + clean(*text, 60) +
        "\" names no state; one of ok, warning, critical, unknown or 0 to 3 may follow the colon");
  settings.timeout_state = *state;
}

Settings read_settings(const Options& options, const Description& description) {
  Settings settings;
  settings.timeout = description.default_timeout;
  settings.json = choice<bool>(options, "output", {{"text", false}, {"json", true}});
  settings.style.verbosity = static_cast<int>(std::min<std::size_t>(options.count("verbose"), 3));
  settings.style.perfdata_thresholds = choice<PerfdataThresholds>(options, "perfdata-thresholds",
                                                                  {{"range", PerfdataThresholds::range},
                                                                   {"plain", PerfdataThresholds::plain},
                                                                   {"none", PerfdataThresholds::none}});
  settings.style.instance_labels = choice<InstanceLabels>(
      options, "instance-labels", {{"auto", InstanceLabels::automatic}, {"always", InstanceLabels::always}});
  read_timeout(options, settings);
  settings.style.max_bytes = static_cast<std::size_t>(options.integer("max-output", 0, 100, 1 << 24));
  if (settings.json && settings.style.max_bytes > 0)
    throw usage_error("--max-output: a JSON object cannot be cut; it goes with --output text only");
  return settings;
}

Limits read_limits(const Options& options, const Description& description) {
  Limits limits(description.labels);
  for (const auto& [level, name] :
       {std::pair{Limits::Level::warning, "warning"}, std::pair{Limits::Level::critical, "critical"}}) {
    limits.apply(level, std::string("--") + name, options.values_from_file(name));
    limits.apply(level, std::string("--") + name, options.values_from_command_line(name));
  }
  return limits;
}

StateStore read_state_place(const Options& options, const Description& description) {
  const std::string directory = options.value("state-dir").value_or("");
  if (!options.has("no-state")) return StateStore(description.name, directory);
  if (options.has("state-dir")) throw usage_error("--state-dir and --no-state exclude each other");
  return StateStore::disabled();
}

Report report_of(const Error& error, Status timeout_state) {
  Report report;
  report.add(status_of(error.fault(), timeout_state), "", error.what());
  return report;
}

// The worker's side of a run: its result outlives a main thread that has stopped waiting.
struct Run {
  std::shared_ptr<Check> check;
  Options options;
  RunContext context;
  Report report;

  void go() {
    try {
      check->configure(options);
      report = check->run(context);
      report.complain_of_unmatched(context.limits);
    } catch (...) {
      report = report_of(detail::error_from(std::current_exception()), context.timeout_state);
    }
    if (!context.state.problem().empty()) report.remark(context.state.problem());
  }
};

// Time for judging, printing and a loaded machine, after the probes have given up.
double margin_of(double timeout) { return std::clamp(timeout * 0.1, 0.02, 0.5); }

struct Answer {
  std::string text;
  int code = 3;
  bool leave_at_once = false;  // threads may be stuck: no static destructors
};

class Plugin {
 public:
  Plugin(std::shared_ptr<Check> check, Description description)
      : check_(std::move(check)), description_(std::move(description)) {}

  Answer answer(std::vector<std::string> arguments, const std::vector<OptionSpec>& specs) {
    try {
      settings_.json = asks_for_json(arguments);
      const std::vector<std::string> from_file = take_extra_opts(arguments, description_.name);
      const Options options = Options::parse(specs, arguments, from_file);
      if (options.has("help")) return {help_text(description_), 3, false};
      if (options.has("version")) return {version_text(description_), 3, false};
      settings_ = read_settings(options, description_);
      return watched(options);
    } catch (...) {
      return render(report_of(detail::error_from(std::current_exception()), settings_.timeout_state));
    }
  }

 private:
  // An error in the options themselves is also told in the form that was asked for.
  static bool asks_for_json(const std::vector<std::string>& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i)
      if (arguments[i] == "--output=json" ||
          (arguments[i] == "json" && i > 0 && arguments[i - 1] == "--output"))
        return true;
    return false;
  }

  Answer watched(const Options& options) {
    const auto start = Deadline::Clock::now();
    const std::chrono::duration<double> whole(settings_.timeout);
    const std::chrono::duration<double> margin(margin_of(settings_.timeout));
    const Deadline end = Deadline::at(start + std::chrono::duration_cast<Deadline::Clock::duration>(whole));
    auto run = std::make_shared<Run>(
        Run{check_,
            options,
            {end.earlier_by(margin), read_limits(options, description_),
             read_state_place(options, description_), settings_.timeout_state, settings_.style.verbosity},
            {}});
    arm_last_resort(whole + margin);
    std::string signal_name;
    const Ending ending = run_watched([run] { run->go(); }, [run] { return run->check->stop(); },
                                      end.earlier_by(margin / 2), signal_name);
    if (ending == Ending::finished && !signal_name.empty())
      run->report.add(Status::unknown, "", "ended by " + signal_name + " before it was done");
    Answer answer = ending == Ending::finished    ? render(run->report)
                    : ending == Ending::timed_out ? render(timed_out())
                                                  : render(ended_by(signal_name));
    answer.leave_at_once = ending != Ending::finished || has_stuck_threads();
    return answer;
  }

  Report timed_out() const {
    return report_of(
        Error(Fault::timeout, "the run was not done after " + format_number(settings_.timeout) + " s"),
        settings_.timeout_state);
  }

  static Report ended_by(const std::string& signal_name) {
    return report_of(Error(Fault::internal, "ended by " + signal_name + " before there was a result"),
                     Status::unknown);
  }

  Answer render(const Report& report) const {
    const std::string text = settings_.json
                                 ? render_json(description_.name, EVENKEEL_VERSION, report, settings_.style)
                                 : render_text(description_.name, report, settings_.style);
    return {text, static_cast<int>(report.status()), false};
  }

  std::shared_ptr<Check> check_;
  Description description_;
  Settings settings_;
};

}  // namespace

namespace {

// All is printed, and the kernel tidies up faster than the end routines of some thirty libraries. Leak
// checkers want those.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool leave_without_tidying = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool leave_without_tidying = false;
#else
constexpr bool leave_without_tidying = true;
#endif
#else
constexpr bool leave_without_tidying = true;
#endif

}  // namespace

int run_plugin(std::shared_ptr<Check> check, int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    Description description = check->describe();
    std::vector<OptionSpec> specs = common_options(description);
    specs.insert(specs.end(), description.options.begin(), description.options.end());
    wipe_secrets(specs, argc, argv);

    const bool has_stdout = secure_descriptors();
    Answer answer = Plugin(std::move(check), std::move(description)).answer(arguments, specs);
    if (!write_to_stdout(answer.text) || !has_stdout) answer.code = 3;
    if (answer.leave_at_once || leave_without_tidying) _exit(answer.code);
    return answer.code;
  } catch (...) {
    // Out of memory while saying so: the exit code is all that is left to give.
    _exit(3);
  }
}

}  // namespace evenkeel
