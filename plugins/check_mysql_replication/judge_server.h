// What is to be said of a server beside its channels: writable, hiding errors, its cluster.
#pragma once

#include <string>

#include "judge.h"

namespace evenkeel::replication {

class ServerJudge {
 public:
  ServerJudge(const Target& target, const Settings& settings, Report& report);

  static bool is_cluster_member(const ReplicaReading& reading);
  void judge() const;

  // "group replication member ONLINE"; empty where there is no cluster.
  static std::string cluster_text(const ServerState& server);

 private:
  void judge_writable() const;
  void judge_hidden_errors() const;
  void judge_semi_sync() const;
  void judge_galera() const;
  void judge_group() const;
  void judge_group_members() const;
  void judge_group_applier() const;
  void state_facts() const;
  void add(Status status, const std::string& text) const;

  const Target& target_;
  const ReplicaReading& reading_;
  const ServerState& server_;
  const Settings& settings_;
  Report& report_;
};

}  // namespace evenkeel::replication
