#include "sync_check.h"

#include "digest_report.h"
#include "digest_run.h"
#include "evenkeel/mysql/connection_options.h"
#include "sync_options.h"
#include "sync_report.h"
#include "sync_run.h"

namespace evenkeel::table_sync {

namespace {

// For statements to be killed and the report to be written.
constexpr double share_for_the_end = 0.04;
constexpr double share_for_the_report = 0.3;                // of that
constexpr std::chrono::duration<double> shortest_end(0.3);  // to connect and kill on a busy machine
constexpr std::chrono::duration<double> longest_end(1.5);

}  // namespace

Description SyncCheck::describe() const { return description(); }

void SyncCheck::configure(const Options& options) {
  // The tables first: without any, it does not matter yet how to log in.
  settings_ = settings_from(options);
  logins_ = mysql::logins_from(options);
  if (logins_.size() < 2 && !settings_.digest)
    throw usage_error("-H: name at least two servers to compare, or use --digest for one alone");
  reference_of(logins_, settings_);
}

Report SyncCheck::run(RunContext& context) {
  const auto end = std::min(longest_end, context.deadline.remaining() * share_for_the_end + shortest_end);
  const auto stop = std::make_shared<StopRequest>(context.deadline.earlier_by(end),
                                                  context.deadline.earlier_by(end * share_for_the_report));
  {
    const std::lock_guard lock(mutex_);
    stop_ = stop;
  }
  const std::shared_ptr<mysql::SqlConnector> connector = make_connector_();
  if (settings_.digest)
    return digest_report(run_digest(connector, logins_, settings_, context, stop), context);
  Report report =
      sync_report(SyncRun(connector, logins_, settings_, context, stop).run(), settings_, context);
  mysql::say_what_has_no_effect(logins_, report);
  return report;
}

bool SyncCheck::stop() {
  const std::lock_guard lock(mutex_);
  if (!stop_) return false;
  stop_->make();
  return true;
}

}  // namespace evenkeel::table_sync
