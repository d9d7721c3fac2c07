// check_table_sync as a Check.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/mysql/sql_session.h"
#include "stop_request.h"
#include "sync_settings.h"

namespace evenkeel::table_sync {

class SyncCheck : public Check {
 public:
  using MakeConnector = std::function<std::shared_ptr<mysql::SqlConnector>()>;
  explicit SyncCheck(MakeConnector make_connector) : make_connector_(std::move(make_connector)) {}

  Description describe() const override;
  void configure(const Options& options) override;
  Report run(RunContext& context) override;
  bool stop() override;

 private:
  MakeConnector make_connector_;
  std::vector<mysql::Login> logins_;
  Settings settings_;
  std::mutex mutex_;
  std::shared_ptr<StopRequest> stop_;
};

}  // namespace evenkeel::table_sync
