// check_mysql_replication: is replication working on these replicas?
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/mysql/sql_session.h"
#include "evenkeel/outcome.h"
#include "judge.h"
#include "settings.h"

namespace evenkeel::replication {

class ReplicationCheck : public Check {
 public:
  // Called once, after secrets were wiped from the process list and before there are threads that use it.
  // Logins to sources differ from the replicas' in where they lead.
  using MakeConnector =
      std::function<std::shared_ptr<mysql::SqlConnector>(const std::vector<mysql::Login>& logins)>;

  explicit ReplicationCheck(MakeConnector make_connector) : make_connector_(std::move(make_connector)) {}

  Description describe() const override;
  void configure(const Options& options) override;
  Report run(RunContext& context) override;

 private:
  using Outcomes = std::vector<Outcome<ReplicaReading>>;

  Report evaluate(Outcomes outcomes, const std::shared_ptr<mysql::SqlConnector>& connector,
                  RunContext& context) const;
  void check_limits(const Limits& limits) const;
  void complete_last_heard(Target& target, const mysql::Login& login, StateStore& state) const;

  MakeConnector make_connector_;
  std::vector<mysql::Login> logins_;
  Settings settings_;
};

}  // namespace evenkeel::replication
