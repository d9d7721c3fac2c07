// How a check asks its targets: all at once, and a single one without a thread.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/fan_out.h"
#include "evenkeel/rescue.h"

namespace evenkeel {

// evaluate(outcomes) → Report, where the outcomes are fan_out's. Another thread costs a short run a good part
// of its time, so that a single target is asked on this one. Where that hangs until the run's time is up, the
// watchdog evaluates a time-out: both `ask` and `evaluate` own all that they use, or it outlives the run as
// `context` and the check itself do.
template <class Reading, class Ask, class Evaluate>
Report ask_all(RunContext& context, std::size_t count, std::size_t parallel, const Deadline& deadline,
               Ask ask, Evaluate evaluate) {
  if (count != 1 || !context.rescue)
    return evaluate(fan_out<Reading>(count, parallel, deadline, std::move(ask)));
  const auto trace = std::make_shared<Trace>();
  context.rescue->offer([trace, evaluate] {
    std::vector<Outcome<Reading>> outcomes(1);
    outcomes[0].error = detail::timeout_error(*trace);
    outcomes[0].steps = trace->steps();
    return evaluate(std::move(outcomes));
  });
  std::vector<Outcome<Reading>> outcomes;
  outcomes.push_back(detail::outcome_of<Reading>(ask, 0, *trace));
  context.rescue->withdraw();
  trace->end();
  outcomes[0].steps = trace->steps();
  return evaluate(std::move(outcomes));
}

}  // namespace evenkeel
