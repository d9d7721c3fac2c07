#include <algorithm>
#include <string>

#include "chunk_digest.h"
#include "executed.h"
#include "expect.h"
#include "integer_key.h"
#include "key_range.h"

using namespace evenkeel;
using namespace evenkeel::fuzz;
using namespace evenkeel::table_sync;

namespace {

ComparisonPlan plan_with(KeyColumn::Kind kind) {
  ComparisonPlan plan;
  plan.table = {"shop", "flags"};
  plan.key = {{"k", kind, false, "latin1"}};
  return plan;
}

void read_sum(const std::string& text) {
  DigestSum sum = DigestSum::parse(text);
  expect(sum.hex().size() == 32, "a sum has 32 digits");
  const DigestSum once = sum;
  sum += once;
  sum -= once;
  expect(sum == once, "what was added can be taken away");
}

void read_key(const std::string& text) {
  using Kind = KeyColumn::Kind;
  for (const Kind kind :
       {Kind::integer, Kind::index, Kind::number, Kind::temporal, Kind::text, Kind::bytes}) {
    const ComparisonPlan plan = plan_with(kind);
    if (!valid_key(plan, {text})) continue;
    const std::string condition = keys_condition(plan, {{text}});
    expect(condition.find_first_of("\\;\n\"") == std::string::npos, "nothing in a key ends a literal");
    const auto place = place_of(plan.key[0], text);
    if (kind == Kind::integer && place) {
      const std::string number = number_at(plan.key[0], *place);
      expect(place_of(plan.key[0], number) == place, "a number has one place");
    }
  }
}

void read_position(const std::string& text, bool mariadb) {
  const Dialect dialect = Dialect::of(mariadb ? "10.11.14-MariaDB" : "9.7.0");
  const mysql::Rows rows =
      mariadb
          ? mysql::Rows{{"received", "logged", "state", "id", "read_only"}, {{text, text, text, "1", "1"}}}
          : mysql::Rows{{"executed", "uuid", "id", "read_only"}, {{text, "u", "1", "1"}}};
  const Executed source = executed_from(dialect, rows);
  const WaitTarget target = wait_target(source, std::nullopt, {&source});
  const std::string sql = wait_sql(dialect, target, 0.5);
  if (!target.empty())
    expect(std::count(sql.begin(), sql.end(), '\'') == 2, "nothing in a position ends a literal");
}

}  // namespace

// The first letter says what kind of answer the rest is.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(text_of(data, size).substr(1));
  accepted(
      [&] {
        if (data[0] == 's') read_sum(text);
        if (data[0] == 'k') read_key(text);
        if (data[0] == 'a' || data[0] == 'y') read_position(text, data[0] == 'a');
      },
      Fault::protocol);
  return 0;
}
