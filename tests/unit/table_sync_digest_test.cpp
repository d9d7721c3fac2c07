#include <catch2/catch.hpp>

#include "chunk_digest.h"
#include "evenkeel/error.h"
#include "row_fetch.h"

using namespace evenkeel;
using namespace evenkeel::table_sync;

namespace {

ComparisonPlan keyed_by_id() {
  ComparisonPlan plan;
  plan.table = {"shop", "t"};
  plan.columns = {{"id", Encoding::number, false, 0, false}};
  plan.key = {{"id", KeyColumn::Kind::integer, false, ""}};
  return plan;
}

std::string sum(std::string_view a, std::string_view b) {
  DigestSum total = DigestSum::parse(a);
  total += DigestSum::parse(b);
  return total.hex();
}

}  // namespace

TEST_CASE("Sums of digests are exact in 128 bits") {
  CHECK(DigestSum::parse("0").hex() == std::string(32, '0'));
  CHECK(DigestSum::parse("18446744073709551615").hex() == "0000000000000000ffffffffffffffff");
  CHECK(DigestSum::parse("18446744073709551616").hex() == "00000000000000010000000000000000");
  CHECK(DigestSum::parse("340282366920938463463374607431768211455").hex() == std::string(32, 'f'));
  CHECK(sum("18446744073709551615", "1") == "00000000000000010000000000000000");
  CHECK(sum("5", "7") == DigestSum::parse("12").hex());
  for (const char* text : {"", "-1", "1.5", "1e3", "x", " 1", "0000000000000000000000000000000000000000"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(DigestSum::parse(text), Error);
  }
}

TEST_CASE("The answer of a digest query") {
  const ChunkAnswer answer = chunk_answer_from({{"n", "d1", "ordered"}, {{"2", "12", "1"}}});
  CHECK(answer.digest.rows == 2);
  CHECK(answer.digest.first == DigestSum::parse("12"));
  CHECK(answer.ordered);
  CHECK_FALSE(chunk_answer_from({{"n", "d1", "ordered"}, {{"0", std::nullopt, "0"}}}).ordered);
  const std::vector<mysql::Rows> nonsense{
      {{"n", "d1", "ordered"}, {}},
      {{"n", "d1", "ordered"}, {{std::nullopt, "1", "1"}}},
      {{"n", "d1", "ordered"}, {{"-1", "1", "1"}}},
      {{"n", "d1", "ordered"}, {{"1", "x", "1"}}},
      {{"n"}, {{"1"}}},
  };
  for (const mysql::Rows& rows : nonsense) CHECK_THROWS_AS(chunk_answer_from(rows), Error);
}

TEST_CASE("Buckets that are not the same everywhere") {
  const auto bucket = [](std::uint32_t number, std::uint64_t rows, const char* digits) {
    return BucketDigest{number, {rows, DigestSum::parse(digits), {}}};
  };
  const std::vector<BucketDigest> one{bucket(0, 1, "5"), bucket(1, 2, "6"), bucket(3, 1, "1")};
  const std::vector<BucketDigest> other{bucket(1, 2, "7"), bucket(0, 1, "5"), bucket(4, 1, "1")};
  CHECK(differing_buckets({one, one}).empty());
  CHECK(differing_buckets({one, other}) == std::vector<std::uint32_t>{1, 3, 4});
  CHECK(bucket_count(10) == 1);
  CHECK(bucket_count(1600) == 100);
  CHECK(bucket_count(100'000'000) == 20000);
}

TEST_CASE("Rows that differ, in the order of their keys, and who is outvoted") {
  const ComparisonPlan plan = keyed_by_id();
  const RowDigests first{{{"-2"}, "1"}, {{"9"}, "1"}, {{"10"}, "1"}, {{"11"}, "1"}};
  const RowDigests second{{{"-2"}, "1"}, {{"9"}, "2"}, {{"10"}, "1"}, {{"-11"}, "7"}};
  const std::vector<RowDifference> rows = differing_rows(plan, {first, second, first});
  std::vector<std::string> keys;
  for (const RowDifference& row : rows) keys.push_back(row.key[0]);
  CHECK(keys == std::vector<std::string>{"-11", "9", "11"});
  CHECK(kind_of(rows[0], 1, 0) == RowKind::extra);
  CHECK(kind_of(rows[1], 1, 0) == RowKind::changed);
  CHECK(kind_of(rows[2], 1, 0) == RowKind::missing);

  struct Vote {
    std::vector<std::optional<std::string>> digests;
    std::vector<std::size_t> outvoted;
  };
  const std::vector<Vote> votes{
      {{"1", "2"}, {1}},
      {{"1", "2", "2"}, {0}},
      {{"1", "2", "3"}, {1, 2}},
      {{std::nullopt, "2", std::nullopt}, {1}},
      {{"1", std::nullopt, std::nullopt}, {0}},
      {{"1", "1", "2", "2"}, {2, 3}},
  };
  for (const Vote& vote : votes) CHECK(outvoted({{"1"}, vote.digests}, 0) == vote.outvoted);
}

TEST_CASE("An answer that is not keys and digests is refused") {
  const ComparisonPlan plan = keyed_by_id();
  CHECK(row_digests_from(plan, {{"k0", "h"}, {{"7", "1"}}}).at({"7"}) == "1");
  CHECK_THROWS_AS(row_digests_from(plan, {{"k0", "h"}, {{"x", "1"}}}), Error);
  CHECK_THROWS_AS(row_digests_from(plan, {{"k0", "h"}, {{std::nullopt, "1"}}}), Error);
  CHECK_THROWS_AS(row_digests_from(plan, {{"k0", "h"}, {{"7", std::nullopt}}}), Error);
  CHECK_THROWS_AS(row_digests_from(plan, {{"k0"}, {{"7"}}}), Error);
}
