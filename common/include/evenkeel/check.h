// A plugin: it describes itself, takes its options, then runs. run_plugin() is all that main() calls.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "evenkeel/deadline.h"
#include "evenkeel/options.h"
#include "evenkeel/report.h"
#include "evenkeel/rescue.h"
#include "evenkeel/state_store.h"
#include "evenkeel/thresholds.h"

namespace evenkeel {

struct Example {
  std::string command;  // "check_mysql_replication -H db2,db3 -f /etc/…"
  std::string output;   // what it printed, really seen
};

struct Description {
  std::string name = {};                 // "check_mysql_replication"
  std::string purpose = {};              // one line
  std::vector<OptionSpec> options = {};  // the plugin's own; the common ones are added
  std::vector<LabelSpec> labels = {};    // the first is the primary one
  std::vector<Example> examples = {};
  std::string notes = {};      // paragraphs for help and man page; "\n\n" between them
  double default_timeout = 9;  // seconds
};

// What a run needs of its surroundings.
struct RunContext {
  Deadline deadline;  // the probes' own: a little before the run's
  Limits limits;
  StateStore state;
  Status timeout_state = Status::critical;
  int verbosity = 0;
  bool shows_facts = true;              // as JSON and -v do: what is a fact alone need not be asked for
  std::shared_ptr<Rescue> rescue = {};  // nullptr where no one watches the run
};

class Check {
 public:
  virtual ~Check() = default;
  virtual Description describe() const = 0;
  // Options → settings of its own. Throws Error(Fault::usage).
  virtual void configure(const Options& options) = 0;
  virtual Report run(RunContext& context) = 0;
  // SIGTERM and its like have come; called from another thread while run() is at work. A check that can
  // make run() return soon, with what it knows by then, does so and says true.
  virtual bool stop() { return false; }
};

// Options every plugin has.
std::vector<OptionSpec> common_options(const Description& description);

// Wipes secrets, parses, runs under a watchdog, prints once and returns the exit code: 0 to 3,
// whatever happens.
int run_plugin(std::shared_ptr<Check> check, int argc, char** argv);

namespace detail {

// Prints one line and ends the process.
void on_terminate();

// In each program and library, before main(): a copy of the C++ runtime calls a handler of its own.
[[maybe_unused]] static const std::terminate_handler handler_before = std::set_terminate(&on_terminate);

}  // namespace detail

}  // namespace evenkeel
