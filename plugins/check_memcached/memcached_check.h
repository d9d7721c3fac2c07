// check_memcached: is this cache working and worth having?
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "evenkeel/check.h"
#include "evenkeel/memcached/memcached_client.h"
#include "evenkeel/outcome.h"
#include "server_reading.h"
#include "settings.h"

namespace evenkeel::cache {

class MemcachedCheck : public Check {
 public:
  using MakeConnector = std::function<std::shared_ptr<memcached::MemcachedConnector>()>;

  explicit MemcachedCheck(MakeConnector make_connector) : make_connector_(std::move(make_connector)) {}

  Description describe() const override;
  void configure(const Options& options) override;
  Report run(RunContext& context) override;

 private:
  using Outcomes = std::vector<Outcome<ServerReading>>;

  Report evaluate(const Outcomes& outcomes, const RunContext& context) const;

  MakeConnector make_connector_;
  std::vector<memcached::Server> servers_;
  Settings settings_;
};

}  // namespace evenkeel::cache
