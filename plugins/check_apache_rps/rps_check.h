// check_apache_rps: does Apache serve neither too few nor too many requests?
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/http/http_client.h"
#include "evenkeel/outcome.h"
#include "server_reading.h"
#include "settings.h"

namespace evenkeel::apache {

class RpsCheck : public Check {
 public:
  // Called once, before there are threads that use it.
  using MakeConnector = std::function<std::shared_ptr<http::HttpConnector>(bool tls)>;

  explicit RpsCheck(MakeConnector make_connector) : make_connector_(std::move(make_connector)) {}

  Description describe() const override;
  void configure(const Options& options) override;
  Report run(RunContext& context) override;

 private:
  using Outcomes = std::vector<Outcome<ServerReading>>;

  void fit_interval(double seconds);
  Report evaluate(const Outcomes& outcomes, const RunContext& context) const;

  MakeConnector make_connector_;
  std::vector<http::Endpoint> pages_;
  Settings settings_;
};

}  // namespace evenkeel::apache
