// A server with one table, `shop`.`t`, that describes it in all that check_table_sync asks for, and lets a
// test change any answer, or throw in its place.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "evenkeel/mysql/sql_session.h"

namespace fakes {

struct DescribedServer {
  std::string charset = "latin1";
  std::vector<std::string> asked;
  std::mutex mutex;
  // Steps in before an answer is given.
  std::function<void(const std::string& sql, evenkeel::mysql::Rows&)> change = [](const std::string&,
                                                                                  evenkeel::mysql::Rows&) {};

  evenkeel::mysql::Rows answer(const std::string& sql) {
    const std::lock_guard lock(mutex);
    asked.push_back(sql);
    evenkeel::mysql::Rows rows = honest(sql);
    change(sql, rows);
    return rows;
  }

 private:
  evenkeel::mysql::Rows honest(const std::string& sql) const {
    const auto has = [&](const char* what) { return sql.find(what) != std::string::npos; };
    if (has("information_schema.TABLES"))
      return {{"TABLE_SCHEMA", "TABLE_NAME", "TABLE_TYPE", "ENGINE", "TABLE_ROWS", "DATA_LENGTH",
               "CREATE_OPTIONS"},
              {{"shop", "t", "BASE TABLE", "InnoDB", "2000", "100", ""}}};
    if (has("information_schema.COLUMNS")) return columns();
    if (has("information_schema.STATISTICS"))
      return {{"TABLE_NAME", "INDEX_NAME", "SEQ_IN_INDEX", "COLUMN_NAME", "SUB_PART", "NULLABLE",
               "INDEX_TYPE", "IGNORED"},
              {{"t", "PRIMARY", "1", "s", {}, "", "BTREE", "NO"},
               {"t", "PRIMARY", "2", "n", {}, "", "BTREE", "NO"},
               {"t", "PRIMARY", "3", "d", {}, "", "BTREE", "NO"}}};
    if (has("COLUMN_PRIVILEGES") || has("information_schema.SCHEMATA")) return {};
    if (has("CONNECTION_ID()")) return {{"id"}, {{"7"}}};
    if (has("CURRENT_USER()")) return {{"u"}, {{"syncer@%"}}};
    if (has("SLAVES STATUS"))
      return {{"Connection_name", "Master_Server_Id", "Seconds_Behind_Master"}, {{"", "1", "0"}}};
    if (has("SHOW MASTER STATUS")) return {{"File", "Position"}, {{"binlog.1", "4"}}};
    if (has("gtid_slave_pos"))
      return {{"received", "logged", "state", "id", "read_only"}, {{"0-1-5", "0-1-5", "0-1-5", "1", "0"}}};
    if (has("_WAIT(")) return {{"reached"}, {{"1"}}};
    if (has("Threads_running")) return {{"Variable_name", "Value"}, {{"Threads_running", "1"}}};
    if (has(" ORDER BY ")) return {{"k0", "k1", "k2"}, {{"6162", "5", "1.5"}}};
    if (has(" AS h")) return {{"k0", "k1", "k2", "h"}, {{"6162", "5", "1.5", "4711"}}};
    if (has("count(*)")) return {{"bucket", "n", "d1", "ordered"}, {{"0", "1", "4711", "1"}}};
    return {};
  }

  evenkeel::mysql::Rows columns() const {
    evenkeel::mysql::Rows rows{{"TABLE_NAME", "COLUMN_NAME", "COLUMN_DEFAULT", "IS_NULLABLE", "DATA_TYPE",
                                "NUMERIC_SCALE", "DATETIME_PRECISION", "CHARACTER_SET_NAME", "COLLATION_NAME",
                                "COLUMN_TYPE", "EXTRA", "GENERATION_EXPRESSION"},
                               {}};
    rows.rows.push_back(
        {"t", "s", {}, "NO", "varchar", {}, {}, charset, charset + "_bin", "varchar(9)", "", {}});
    rows.rows.push_back({"t", "n", {}, "NO", "int", {}, {}, {}, {}, "int(11)", "", {}});
    rows.rows.push_back({"t", "d", {}, "NO", "decimal", "2", {}, {}, {}, "decimal(9,2)", "", {}});
    return rows;
  }
};

class DescribedSession : public evenkeel::mysql::SqlSession {
 public:
  explicit DescribedSession(std::shared_ptr<DescribedServer> server) : server_(std::move(server)) {}
  evenkeel::mysql::Rows query(const std::string& sql) override { return server_->answer(sql); }
  std::string server_version() const override { return "10.11.14-MariaDB"; }

 private:
  std::shared_ptr<DescribedServer> server_;
};

class DescribedConnector : public evenkeel::mysql::SqlConnector {
 public:
  std::map<std::string, std::shared_ptr<DescribedServer>> servers;
  std::unique_ptr<evenkeel::mysql::SqlSession> connect(const evenkeel::mysql::Login& login,
                                                       const evenkeel::Deadline& /*deadline*/,
                                                       evenkeel::Trace& /*trace*/) override {
    return std::make_unique<DescribedSession>(servers.at(login.host));
  }
};

}  // namespace fakes
