// From a range that differs to the keys of the rows that differ, in few queries.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "chunk_digest.h"
#include "crew.h"
#include "doubt.h"
#include "evenkeel/deadline.h"
#include "key_blocks.h"
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

  bool took_too_long() const { return any(&Failure::statement_took_too_long); }
  bool too_large() const { return any(&Failure::answer_too_large); }
  bool any(bool (Failure::*what)() const) const {
    return std::any_of(failures.begin(), failures.end(),
                       [what](const auto& of) { return (of.second.*what)(); });
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

  // Hands over the rows that differ, and since when they have been seen to differ so, at most about
  // max_rows_per_fetch at a time, as long as all of `servers` answer. False: no more are wanted.
  using Take = std::function<bool(const std::vector<RowDifference>&, Deadline::Clock::time_point since)>;
  using Failures = std::map<std::size_t, Failure>;

  // Of a range that differs: `digests` are those of `servers`.
  Failures rows(const KeyRange& range, const std::vector<ChunkDigest>& digests,
                const std::vector<std::size_t>& servers, const Take& take);
  // What differed in the ranges so far, and is explained by none of the rows that were handed over.
  std::vector<Doubt> take_doubts() { return std::exchange(doubts_, {}); }
  // All rows of the parts that are in doubt.
  struct Reading {
    std::vector<KeyTuple> differing;
    bool explained = false;  // what differs makes up the difference of the parts
    Failures failures;
  };
  Reading rows_of(const Doubt& doubt, const std::vector<std::size_t>& servers);

  // The digest of a range and its differing rows in one go, where many ranges differ: the key has to be one
  // that can be cut into blocks.
  bool knows_blocks() const { return KeyBlocks::fit(*plan_); }
  struct Blocks {
    Answers<std::vector<BlockDigest>> answers;
    unsigned cell_bits = 0;
    Deadline::Clock::time_point asked_at;

    bool differ() const;
    std::uint64_t rows() const;  // on the server that has most
  };
  Blocks blocks(const KeyRange& range, const std::vector<std::size_t>& servers);
  Failures rows_of(const KeyRange& range, const Blocks& blocks, const Take& take);

  // How many rows a range really had: the next ones will be about as dense.
  void learn(const KeyRange& range, std::uint64_t rows);

 private:
  enum class Parts { differ, equal, failed };
  Failures rows_of_all(const KeyRange& range, const std::vector<ChunkDigest>& digests,
                       const std::vector<std::size_t>& servers, const Take& take);
  // Finds the rows by parts of the range; says whether any part differed.
  Parts by_blocks(const KeyRange& range, const std::vector<std::size_t>& servers, const Take& take,
                  Failures& failures);
  Parts by_buckets(const KeyRange& range, std::uint64_t row_count, const std::vector<std::size_t>& servers,
                   const Take& take, Failures& failures);
  struct Buckets {
    std::uint32_t count = 1;
    std::map<std::uint32_t, std::vector<ChunkDigest>> differing;  // by server
  };
  Failures rows_of(const KeyRange& range, const Buckets& buckets, const std::vector<std::size_t>& servers,
                   const Take& take);
  // Suspects that the rows do not explain are added to `left`, to be read whole.
  Failures fetch(const KeyRange& range, const Blocks& blocks, const std::vector<Suspect>& suspects,
                 const Take& take, std::vector<Suspect>& left);
  Failures fetch(const KeyRange& range, const Buckets& buckets, const std::vector<std::uint32_t>& wanted,
                 const std::vector<std::size_t>& servers, const Take& take);
  Answers<RowDigests> fetch(const std::string& sql, const KeyRange& range,
                            const std::vector<std::size_t>& servers);
  void doubt_blocks(const KeyRange& range, const Blocks& blocks, const std::vector<Suspect>& suspects);

  Crew& crew_;
  std::shared_ptr<const ComparisonPlan> plan_;
  const Hashing& hashing_;
  unsigned cell_bits_ = 0;
  std::vector<Doubt> doubts_;
  bool enough_ = false;  // no more rows are wanted of the range at hand
};

}  // namespace evenkeel::table_sync
