// From a range that differs to the keys of the rows that differ, in few queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "chunk_digest.h"
#include "crew.h"
#include "key_range.h"
#include "row_fetch.h"

namespace evenkeel::table_sync {

// One statement's answers, and who failed.
template <class Value>
struct Answers {
  std::vector<std::size_t> servers;  // who answered
  std::vector<Value> values;         // theirs
  std::map<std::size_t, Failure> failures;
  double seconds = 0;  // the slowest

  bool took_too_long() const {
    for (const auto& [server, failure] : failures)
      if (failure.statement_took_too_long()) return true;
    return false;
  }
};

// Runs one statement on several servers and reads its answer there, on each lane.
template <class Value>
Answers<Value> ask_all(Crew& crew, const std::vector<std::size_t>& servers, const std::string& sql,
                       std::function<Value(const mysql::Rows&)> read) {
  auto replies =
      crew.ask<Value>(servers, [sql, read = std::move(read)](std::size_t, mysql::SqlSession& session) {
        return read(session.query(sql));
      });
  Answers<Value> answers;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (!replies[i].value) {
      answers.failures[servers[i]] = *replies[i].failure;
      continue;
    }
    answers.servers.push_back(servers[i]);
    answers.values.push_back(std::move(*replies[i].value));
    answers.seconds = std::max(answers.seconds, replies[i].seconds);
  }
  return answers;
}

class DrillDown {
 public:
  DrillDown(Crew& crew, std::shared_ptr<const ComparisonPlan> plan, const Hashing& hashing)
      : crew_(crew), plan_(std::move(plan)), hashing_(hashing) {}

  // Digests by bucket: their sum is the range's digest, so that where many ranges differ they are asked for
  // at once, in place of it.
  Answers<std::vector<BucketDigest>> buckets(const KeyRange& range, std::uint32_t count,
                                             const std::vector<std::size_t>& servers);

  // Hands over the rows that differ, at most about max_rows_per_fetch at a time, as long as all of `servers`
  // answer. Returns the failures.
  using Take = std::function<void(const std::vector<RowDifference>&)>;
  std::map<std::size_t, Failure> rows(const KeyRange& range, std::uint64_t row_count,
                                      const std::vector<std::size_t>& servers, const Take& take);
  std::map<std::size_t, Failure> rows_of(const KeyRange& range, std::uint32_t count,
                                         const std::vector<std::vector<BucketDigest>>& buckets,
                                         const std::vector<std::size_t>& servers, const Take& take);

 private:
  std::map<std::size_t, Failure> fetch(const std::string& sql, const std::vector<std::size_t>& servers,
                                       const Take& take);

  Crew& crew_;
  std::shared_ptr<const ComparisonPlan> plan_;
  const Hashing& hashing_;
};

}  // namespace evenkeel::table_sync
