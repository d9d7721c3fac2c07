#include "evenkeel/check.h"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>

#include "evenkeel/error.h"
#include "evenkeel/extra_opts.h"
#include "evenkeel/fan_out.h"
#include "evenkeel/render.h"
#include "evenkeel/text.h"
#include "help.h"
#include "ini_origins.h"
#include "process.h"
#include "sanitized.h"
#include "shown_value.h"

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
    throw usage_error("--timeout: " + shown_number(*text) +
                      " does not begin with a number of seconds, up to " + format_exact(max_timeout));
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

// An error in an option names it as its reader finds it: as typed, or as it stands in an ini file.
[[noreturn]] void rethrow_reworded(const Error& error, const IniOrigins& origins,
                                   const IniOrigins::Typed& typed) {
  if (error.fault() != Fault::usage) throw error;
  throw usage_error(origins.in_its_words(error.what(), typed));
}

bool nothing_is_typed(const std::string& /*name*/) { return false; }

Limits read_limits(const Options& options, const Description& description, const IniOrigins& origins) {
  Limits limits(description.labels);
  for (const auto& [level, name] :
       {std::pair{Limits::Level::warning, "warning"}, std::pair{Limits::Level::critical, "critical"}}) {
    const std::string option = std::string("--") + name;
    // In a file the last one wins, as with all options there; on the command line twice is an error.
    for (const std::string& text : options.values_from_file(name)) {
      try {
        limits.apply(level, option, {text});
      } catch (const Error& error) {
        rethrow_reworded(error, origins, nothing_is_typed);
      }
    }
    limits.apply(level, option, options.values_from_command_line(name));
  }
  return limits;
}

StateStore read_state_place(const Options& options, const Description& description) {
  const bool typed_none = !options.values_from_command_line("no-state").empty();
  const bool typed_place = !options.values_from_command_line("state-dir").empty();
  const bool filed_none = !options.values_from_file("no-state").empty();
  const bool filed_place = !options.values_from_file("state-dir").empty();
  if ((typed_none && typed_place) || (!typed_none && !typed_place && filed_none && filed_place))
    throw usage_error("--state-dir and --no-state exclude each other");
  if (typed_none || (filed_none && !typed_place)) return StateStore::disabled();
  const std::optional<std::string> directory = options.value("state-dir");
  if (directory && directory->empty()) throw usage_error("--state-dir is empty");
  return StateStore(description.name, directory.value_or(""));
}

Report report_of(const Error& error, Status timeout_state) {
  Report report;
  report.add(status_of(error.fault(), timeout_state), "", error.what());
  return report;
}

// Time for judging, printing and a loaded machine, after the probes have given up.
double margin_of(double timeout) { return std::clamp(timeout * 0.1, 0.02, 0.5); }

struct Answer {
  std::string text;
  int code = 3;
};

// An error in the options themselves is also told in the form that was asked for.
bool asks_for_json(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == "--output=json" || (words[i] == "json" && i > 0 && words[i - 1] == "--output"))
      return true;
  return false;
}

// Makes the answer of a run that came to nothing, for a reason of our own.
std::function<std::string(const std::string&)> answers_of(const std::string& plugin, bool json) {
  return [plugin, json](const std::string& why) {
    const Report report = report_of(Error(Fault::internal, why), Status::unknown);
    return json ? render_json(plugin, EVENKEEL_VERSION, report, {}) : render_text(plugin, report, {});
  };
}

// One run. The thread that watches it may tell of it before it is done, so what both touch is behind a lock,
// and belongs to the run.
class Run {
 public:
  Run(std::shared_ptr<Check> check, Description description, std::vector<OptionSpec> specs,
      std::vector<std::string> arguments)
      : check_(std::move(check)),
        description_(std::move(description)),
        specs_(std::move(specs)),
        arguments_(std::move(arguments)) {
    settings_.timeout = description_.default_timeout;
    settings_.json = asks_for_json(arguments_);
  }

  // The first deadline, until the options have been read: reading them can wait, too.
  Deadline first_deadline() const {
    return Deadline::at(end_of(description_.default_timeout))
        .earlier_by(margin(description_.default_timeout) / 2);
  }

  void go(const MoveDeadline& move_deadline) {
    try {
      // What is typed comes first: its -t holds for reading files as well.
      std::vector<std::string> typed = arguments_;
      std::erase_if(typed, [](const std::string& word) {
        return word == "--extra-opts" || word.starts_with("--extra-opts=");
      });
      const Options first = Options::parse(specs_, typed);
      if (first.has("help"))
        print(help_text(description_));
      else if (first.has("version"))
        print(version_text(description_));
      keep(read_settings(first, description_), move_deadline);
      if (plain_text_) return;

      if (typed.size() == arguments_.size()) return check(first);
      check_with_files(first, move_deadline);
    } catch (...) {
      fail(std::current_exception());
    }
  }

  void fail(const std::exception_ptr& failure) {
    const std::lock_guard lock(mutex_);
    report_ = report_of(detail::error_from(failure), settings_.timeout_state);
  }

  bool stop() { return check_->stop(); }

  Answer answer_without_result(Ending ending, const std::string& signal_name) {
    if (ending == Ending::timed_out) {
      if (std::optional<Report> rescued = rescue_->take()) return render(finished(std::move(*rescued)));
    }
    const std::lock_guard lock(mutex_);
    if (ending == Ending::timed_out)
      return render(report_of(
          Error(Fault::timeout, "the run was not done after " + format_number(settings_.timeout) + " s"),
          settings_.timeout_state));
    return render(report_of(Error(Fault::internal, "ended by " + signal_name + " before there was a result"),
                            Status::unknown));
  }

  Answer answer(const std::string& signal_name) {
    const std::lock_guard lock(mutex_);
    if (plain_text_) return {*plain_text_, 3};
    if (!signal_name.empty())
      report_.add(Status::unknown, "", "ended by " + signal_name + " before it was done");
    return render(report_);
  }

 private:
  void check_with_files(const Options& typed, const MoveDeadline& move_deadline) {
    const std::vector<IniArgument> from_files = take_ini_arguments(arguments_, description_.name);
    require_known_options(specs_, from_files);
    remember_origins(from_files, typed);
    std::vector<std::string> words;
    words.reserve(from_files.size());
    for (const IniArgument& option : from_files) words.push_back(option.argument);
    if (!typed.has("output") && asks_for_json(words)) ask_for_json();
    const Options options = parsed_with_files(words);
    try {
      keep(read_settings(options, description_), move_deadline);
      check(options);
    } catch (const Error& error) {
      rethrow_reworded(error, origins_, typed_);
    }
  }

  // What was typed has been parsed before, so what is wrong stands in a file.
  Options parsed_with_files(const std::vector<std::string>& words) const {
    try {
      return Options::parse(specs_, arguments_, words);
    } catch (const Error& error) {
      rethrow_reworded(error, origins_, nothing_is_typed);
    }
  }

  void remember_origins(const std::vector<IniArgument>& from_files, const Options& typed) {
    const std::lock_guard lock(mutex_);
    origins_ = IniOrigins(specs_, from_files);
    typed_ = [typed](const std::string& name) { return typed.has(name); };
  }

  void check(const Options& options) {
    Settings settings;
    {
      const std::lock_guard lock(mutex_);
      settings = settings_;
    }
    const Deadline deadline = Deadline::at(end_of(settings.timeout)).earlier_by(margin(settings.timeout));
    context_ = std::make_unique<RunContext>(
        RunContext{deadline, read_limits(options, description_, origins_),
                   read_state_place(options, description_), settings.timeout_state, settings.style.verbosity,
                   settings.json || settings.style.verbosity >= 1, rescue_});
    check_->configure(options);
    Report report = finished(check_->run(*context_));
    const std::lock_guard lock(mutex_);
    report_ = std::move(report);
  }

  Report finished(Report report) const {
    report.complain_of_unmatched(context_->limits);
    if (!context_->state.problem().empty()) report.remark(context_->state.problem());
    if (!origins_.empty())
      report.reword([this](const std::string& text) { return origins_.in_its_words(text, typed_); });
    return report;
  }

  void keep(const Settings& settings, const MoveDeadline& move_deadline) {
    const std::lock_guard lock(mutex_);
    settings_ = settings;
    const auto whole = std::chrono::duration<double>(settings.timeout) - elapsed();
    arm_last_resort(std::max(whole, std::chrono::duration<double>::zero()) + margin(settings.timeout));
    move_deadline(Deadline::at(end_of(settings.timeout)).earlier_by(margin(settings.timeout) / 2));
  }

  void print(std::string text) {
    const std::lock_guard lock(mutex_);
    plain_text_ = std::move(text);
  }

  void ask_for_json() {
    const std::lock_guard lock(mutex_);
    settings_.json = true;
    become_crash_proof(answers_of(description_.name, true));
  }

  static std::chrono::duration<double> margin(double timeout) {
    return std::chrono::duration<double>(margin_of(timeout));
  }
  std::chrono::duration<double> elapsed() const { return Deadline::Clock::now() - start_; }
  Deadline::Clock::time_point end_of(double timeout) const {
    return start_ +
           std::chrono::duration_cast<Deadline::Clock::duration>(std::chrono::duration<double>(timeout));
  }

  Answer render(const Report& report) const {
    const std::string text = settings_.json
                                 ? render_json(description_.name, EVENKEEL_VERSION, report, settings_.style)
                                 : render_text(description_.name, report, settings_.style);
    return {text, static_cast<int>(report.status())};
  }

  const Deadline::Clock::time_point start_ = Deadline::Clock::now();
  std::shared_ptr<Check> check_;
  const Description description_;
  const std::vector<OptionSpec> specs_;
  std::vector<std::string> arguments_;
  const std::shared_ptr<Rescue> rescue_ = std::make_shared<Rescue>();
  std::unique_ptr<RunContext> context_;
  std::mutex mutex_;
  Settings settings_;
  IniOrigins origins_;  // like typed_, set once, before the check begins
  IniOrigins::Typed typed_;
  Report report_;
  std::optional<std::string> plain_text_;
};

// All is printed, and the kernel tidies up faster than the end routines of some thirty libraries. Leak
// checkers want those.
constexpr bool leave_without_tidying = !sanitized;

// Returns the exit code.
int put_out(const Answer& answer, bool has_stdout) {
  return write_answer(answer.text, has_stdout ? answer.code : 3);
}

}  // namespace

int run_plugin(std::shared_ptr<Check> check, int argc, char** argv) {
  keep_out_of_core_files();
  hold_signals();
  bound_stacks();
  umask(077);  // a stricter one would make folders that we cannot use
  // An arena for each thread costs more, in time and memory, than the few that wait for one another.
  mallopt(M_ARENA_MAX, 1);
  try {
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    Description description = check->describe();
    std::vector<OptionSpec> specs = common_options(description);
    specs.insert(specs.end(), description.options.begin(), description.options.end());
    wipe_secrets(specs, argc, argv);

    const bool has_stdout = secure_descriptors();
    become_crash_proof(answers_of(description.name, asks_for_json(arguments)));
    const double first_timeout = description.default_timeout;
    arm_last_resort(std::chrono::duration<double>(first_timeout + margin_of(first_timeout)));
    const auto run =
        std::make_shared<Run>(std::move(check), std::move(description), std::move(specs), arguments);
    const auto tell = [run, has_stdout](Ending ending, const std::string& signal_name) {
      _exit(put_out(run->answer_without_result(ending, signal_name), has_stdout));
    };
    std::string signal_name;
    try {
      signal_name = run_watched([run](const MoveDeadline& move_deadline) { run->go(move_deadline); },
                                [run] { return run->stop(); }, tell, run->first_deadline());
    } catch (...) {
      // This machine has no descriptor or thread for who watches over the run.
      run->fail(std::current_exception());
    }
    const int code = put_out(run->answer(signal_name), has_stdout);
    if (has_stuck_threads() || leave_without_tidying) _exit(code);
    return code;
  } catch (const std::exception&) {
    // Before there was a run, or while telling of it.
    break_down(detail::error_from(std::current_exception()).what());
  } catch (...) {
    break_down();
  }
}

}  // namespace evenkeel
