#include <catch2/catch.hpp>

#include "definition_comparison.h"
#include "evenkeel/error.h"

using namespace evenkeel;
using namespace evenkeel::table_sync;

namespace {

const TableSelection everything({"*.*"}, {}, {});
const Dialect mariadb = Dialect::of("10.11.19-MariaDB-0+deb12u1");
const Dialect mysql97 = Dialect::of("9.7.0");

Column column(std::string name, std::string type, std::optional<std::string> collation = std::nullopt) {
  Column one;
  one.name = std::move(name);
  one.type = type;
  one.data_type = type.substr(0, type.find_first_of("( "));
  one.collation = collation;
  if (collation) one.charset = collation->substr(0, collation->find('_'));
  return one;
}

TableDefinition table(std::vector<Column> columns, std::vector<Key> keys = {{"PRIMARY", {"id"}}}) {
  TableDefinition one;
  one.name = {"shop", "t"};
  one.columns = std::move(columns);
  one.columns.insert(one.columns.begin(), column("id", "int"));
  one.keys = std::move(keys);
  return one;
}

DefinitionComparison compare(const TableDefinition& a, const TableDefinition& b,
                             const TableSelection& selection = everything) {
  return compare_definitions({"shop", "t"}, {{"db1", mariadb, &a}, {"db2", mysql97, &b}}, 0, selection, "");
}

}  // namespace

TEST_CASE("Versions and their dialects") {
  CHECK(mariadb.name() == "MariaDB 10.11");
  CHECK(mysql97.name() == "MySQL 9.7");
  CHECK(Dialect::of("5.5.5-10.4.2-MariaDB").version == 100402);
  CHECK_THROWS_AS(Dialect::of("strange"), Error);
  CHECK(statement_limit(mariadb, 1.5) == "SET SESSION max_statement_time = 1.500");
  CHECK(statement_limit(mysql97, 1.5) == "SET SESSION max_execution_time = 1500");
  CHECK(session_pins(mariadb).find("tx_read_only = 1") != std::string::npos);
  CHECK(session_pins(mysql97).find("transaction_read_only = 1") != std::string::npos);
}

TEST_CASE("Which definitions differ, and how a column that differs is compared") {
  struct Row {
    Column a, b;
    bool differs;
    std::optional<Encoding> encoding;
  };
  const std::vector<Row> rows{
      {column("c", "int(11)"), column("c", "int"), false, Encoding::number},
      {column("c", "int(10) unsigned"), column("c", "int unsigned"), false, Encoding::number},
      {column("c", "int"), column("c", "int unsigned"), true, Encoding::number},
      {column("c", "int"), column("c", "bigint"), true, Encoding::number},
      {column("c", "int"), column("c", "varchar(9)", "utf8mb4_bin"), true, std::nullopt},
      {column("c", "int(5) unsigned zerofill"), column("c", "int(5) unsigned zerofill"), false,
       Encoding::bits},
      {column("c", "varchar(9)", "utf8_bin"), column("c", "varchar(9)", "utf8mb3_bin"), false,
       Encoding::bytes},
      {column("c", "varchar(9)", "latin1_bin"), column("c", "varchar(9)", "utf8mb4_bin"), true,
       Encoding::text},
      {column("c", "varchar(9)", "utf8mb4_bin"), column("c", "text", "utf8mb4_bin"), true, Encoding::bytes},
      {column("c", "longtext", "utf8mb4_bin"), column("c", "json"), false, Encoding::bytes},
      {column("c", "double"), column("c", "float"), true, Encoding::ieee},
      {column("c", "decimal(10,2)"), column("c", "decimal(10,2)"), false, Encoding::number},
      {column("c", "enum('a','b')", "utf8mb4_bin"), column("c", "enum('a','b')", "utf8mb4_bin"), false,
       Encoding::bits},
      {column("c", "enum('a','b')", "utf8mb4_bin"), column("c", "enum('b','a')", "utf8mb4_bin"), true,
       Encoding::bytes},
      {column("c", "datetime"), column("c", "timestamp"), true, Encoding::temporal},
      {column("c", "point"), column("c", "point"), false, Encoding::bytes},
  };
  for (const Row& row : rows) {
    CAPTURE(row.a.type, row.b.type);
    const DefinitionComparison result = compare(table({row.a}), table({row.b}));
    CHECK(result.differences.empty() != row.differs);
    REQUIRE(result.plan);
    REQUIRE(result.plan->columns.size() == (row.encoding ? 2 : 1));
    if (row.encoding) CHECK(result.plan->columns[1].encoding == *row.encoding);
  }
}

TEST_CASE("Missing tables, columns and keys") {
  const TableDefinition full = table({column("a", "int"), column("b", "int")});
  const auto missing = compare_definitions(
      {"shop", "t"}, {{"db1", mariadb, &full}, {"db2", mariadb, nullptr}}, 0, everything, "");
  CHECK(missing.missing_on == std::vector<std::size_t>{1});
  CHECK_FALSE(missing.plan);
  const auto alone = compare_definitions(
      {"shop", "t"}, {{"db1", mariadb, nullptr}, {"db2", mariadb, nullptr}}, 0, everything, "");
  CHECK(alone.missing_on.size() == 2);

  const TableDefinition swapped = table({column("b", "int"), column("a", "int")});
  REQUIRE(compare(full, swapped).differences.size() == 1);
  CHECK(compare(full, swapped).differences[0].text == "columns in another order: id, b, a");

  const DefinitionComparison keyless = compare(full, table({column("a", "int"), column("b", "int")}, {}));
  CHECK(keyless.differences.size() == 1);
  CHECK(keyless.differences[0].text == "no primary key");
  CHECK_FALSE(keyless.plan->has_key());
  CHECK(keyless.remarks == std::vector<std::string>{"no usable key: compared whole, no rows named"});

  CHECK(compare(full, table({column("a", "int")})).differences[0].text == "column b: missing");
  CHECK(
      compare(full, table({column("a", "int")}), TableSelection({"*.*"}, {}, {"*.*.b"})).differences.empty());
}

TEST_CASE("The key that is cut along is one of all servers") {
  const std::vector<Column> columns{column("s", "varchar(9)", "utf8mb4_bin"), column("n", "int")};
  const std::vector<Column> other{column("s", "varchar(9)", "utf8mb4_general_ci"), column("n", "int")};
  const std::vector<Key> keys{{"PRIMARY", {"s"}}, {"n", {"n"}}};
  CHECK(compare(table(columns, keys), table(columns, keys)).plan->key[0].name == "s");
  // Where strings sort differently, numbers are safer.
  CHECK(compare(table(columns, keys), table(other, keys)).plan->key[0].name == "n");
  CHECK(compare(table(columns, {{"PRIMARY", {"s"}}}), table(other, {{"PRIMARY", {"s"}}})).plan->key[0].name ==
        "s");
  CHECK(compare(table(columns, {{"u1", {"n"}}}), table(columns, {{"u2", {"n"}}})).plan->key_name.empty());
}

TEST_CASE("A changed plan has another fingerprint") {
  const ComparisonPlan plan = *compare(table({column("a", "int")}), table({column("a", "int")})).plan;
  ComparisonPlan other = plan;
  CHECK(plan.fingerprint() == other.fingerprint());
  other.where = "a > 1";
  CHECK(plan.fingerprint() != other.fingerprint());
  other = plan;
  other.columns[0].encoding = Encoding::bytes;
  CHECK(plan.fingerprint() != other.fingerprint());
}

TEST_CASE("Unique keys that can be used are found in STATISTICS") {
  TableDefinitions tables;
  tables[{"shop", "t"}].name = {"shop", "t"};
  const std::vector<std::string> columns{"TABLE_NAME", "INDEX_NAME", "SEQ_IN_INDEX", "COLUMN_NAME",
                                         "SUB_PART",   "NULLABLE",   "INDEX_TYPE",   "IGNORED"};
  const mysql::Cell none;
  add_keys("shop",
           {columns,
            {{"t", "nulls", "1", "a", none, "YES", "BTREE", "NO"},
             {"t", "half", "1", "a", none, "", "BTREE", "NO"},
             {"t", "half", "2", "b", none, "YES", "BTREE", "NO"},
             {"t", "prefix", "1", "c", "10", "", "BTREE", "NO"},
             {"t", "hash", "1", "c", none, "", "HASH", "NO"},
             {"t", "expression", "1", none, none, "", "BTREE", "NO"},
             {"t", "hidden", "1", "c", none, "", "BTREE", "YES"},
             {"t", "good", "2", "e", none, "", "BTREE", "NO"},
             {"t", "good", "1", "d", none, "", "BTREE", "NO"},
             {"t", "PRIMARY", "1", "id", none, "", "BTREE", "NO"},
             {"other", "PRIMARY", "1", "id", none, "", "BTREE", "NO"}}},
           tables);
  const std::vector<Key>& keys = tables[{"shop", "t"}].keys;
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].primary());
  CHECK(keys[1].columns == std::vector<std::string>{"d", "e"});
}
