// A server with one table, `shop`.`t` (id bigint primary key, v text), that understands what check_table_sync
// asks of it, hashes rows in a way of its own, and lets a test step in before any statement.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "evenkeel/mysql/sql_session.h"

namespace fakes {

struct TableServer {
  using Cell = evenkeel::mysql::Cell;
  using Rows = evenkeel::mysql::Rows;

  std::map<std::int64_t, std::string> rows;
  // As MariaDB's GTIDs of domain 0: none, and nobody can wait for this server or let it wait.
  std::uint64_t server_id = 1, written = 0, applied = 0;
  bool applies = true;
  // Rows that are in sums and that nobody sees who asks for rows.
  std::map<std::int64_t, std::string> ghosts;
  bool ghosts_in_blocks = true;
  // Called with each statement before it is answered; may change rows, throw, or wait.
  std::function<void(const std::string& sql)> before;
  // May spoil the answer.
  std::function<void(const std::string& sql, Rows& answer)> after;
  std::vector<std::string> asked;
  std::mutex mutex;

  std::size_t asked_for(const std::string& what) {
    const std::lock_guard lock(mutex);
    std::size_t count = 0;
    for (const std::string& sql : asked) count += sql.find(what) != std::string::npos ? 1 : 0;
    return count;
  }

  Rows answer(const std::string& sql) {
    Rows answer = true_answer(sql);
    if (after) after(sql, answer);
    return answer;
  }

  Rows true_answer(const std::string& sql) {
    {
      const std::lock_guard lock(mutex);
      asked.push_back(sql);
    }
    if (before) before(sql);
    const std::lock_guard lock(mutex);
    const auto has = [&](const char* what) { return sql.find(what) != std::string::npos; };
    if (has("CONNECTION_ID()")) return {{"id"}, {{"7"}}};
    if (has("gtid_slave_pos")) return position();
    if (has("MASTER_GTID_WAIT")) return {{"reached"}, {{applies ? "1" : "0"}}};
    if (has("Slaves_running"))
      return {{"Variable_name", "Value"}, {{"Slaves_running", applied > 0 ? "1" : "0"}}};
    if (has("Threads_running")) return {{"Variable_name", "Value"}, {{"Threads_running", "1"}}};
    if (has(" ORDER BY ")) return end_of_range(sql);
    if (has(" AS block")) return blocks(sql);
    if (has(" AS ordered")) return digest(sql);
    if (has(" AS c0")) return values(sql);
    if (has(" AS h FROM")) return row_digests(sql);
    if (has("SHOW MASTER STATUS"))
      throw evenkeel::mysql::SqlError(evenkeel::Fault::denied, 1227, "privilege missing");
    throw std::logic_error("no answer for: " + sql);
  }

  static std::uint32_t hash(std::int64_t key, const std::string& value) {
    std::uint32_t number = 2166136261u;
    for (const char c : std::to_string(key) + "#" + value)
      number = (number ^ static_cast<unsigned char>(c)) * 16777619u;
    return number;
  }

 private:
  static std::optional<std::int64_t> number_after(const std::string& sql, const std::string& what,
                                                  std::size_t from = 0) {
    const std::size_t at = sql.find(what, from);
    if (at == std::string::npos) return std::nullopt;
    return static_cast<std::int64_t>(std::stoll(sql.substr(at + what.size(), 21)));
  }

  // `id` > a AND `id` <= b AND (`id` BETWEEN c AND d OR … OR `id` IN (e, …))
  std::vector<std::pair<std::int64_t, std::string>> selected(const std::string& sql,
                                                             bool with_ghosts = false) const {
    const std::string condition = sql.substr(sql.find(" WHERE "));
    const auto above = number_after(condition, "`id` > "), upto = number_after(condition, "`id` <= ");
    std::vector<std::pair<std::int64_t, std::int64_t>> runs;
    std::set<std::int64_t> keys;
    for (std::size_t at = condition.find("BETWEEN "); at != std::string::npos;
         at = condition.find("BETWEEN ", at + 1))
      runs.emplace_back(*number_after(condition, "BETWEEN ", at), *number_after(condition, " AND ", at));
    if (std::size_t at = condition.find(" IN ("); at != std::string::npos)
      for (at += 4; at != std::string::npos && condition[at] != ')';) {
        const std::size_t comma = condition.find_first_of(",)", at + 1);
        keys.insert(std::stoll(condition.substr(at + 1, comma - at - 1)));
        at = comma;
      }
    std::vector<std::pair<std::int64_t, std::string>> result;
    std::map<std::int64_t, std::string> haunted;
    if (with_ghosts && !ghosts.empty()) {
      haunted = rows;
      for (const auto& [key, value] : ghosts) haunted[key] = value;
    }
    for (const auto& [key, value] : haunted.empty() ? rows : haunted) {
      bool wanted = (!above || key > *above) && (!upto || key <= *upto);
      if (!runs.empty() || !keys.empty()) {
        bool listed = keys.contains(key);
        for (const auto& [from, to] : runs) listed = listed || (key >= from && key <= to);
        wanted = wanted && listed;
      }
      if (wanted) result.emplace_back(key, value);
    }
    return result;
  }

  Rows position() const {
    const auto gtid = [](std::uint64_t server, std::uint64_t number) {
      return number > 0 ? "0-" + std::to_string(server) + "-" + std::to_string(number) : std::string();
    };
    return {{"received", "logged", "state", "id", "read_only"},
            {{gtid(1, applied), gtid(server_id, written), gtid(server_id, written), std::to_string(server_id),
              applied > 0 ? "1" : "0"}}};
  }

  Rows end_of_range(const std::string& sql) const {
    const auto found = selected(sql);
    const auto at = static_cast<std::size_t>(*number_after(sql, "LIMIT "));
    Rows answer{{"k0"}, {}};
    if (at < found.size()) answer.rows.push_back({std::to_string(found[at].first)});
    return answer;
  }

  static std::string decimal(std::uint64_t high, std::uint64_t low) {
    // high * 2^32 + low, low below 2^32, without 128 bits.
    std::string digits;
    std::uint64_t parts[3] = {high >> 32, high & 0xFFFFFFFF, low};
    do {
      std::uint64_t rest = 0;
      for (std::uint64_t& part : parts) {
        const std::uint64_t value = (rest << 32) | part;
        part = value / 10;
        rest = value % 10;
      }
      digits.insert(digits.begin(), static_cast<char>('0' + rest));
    } while (parts[0] + parts[1] + parts[2] > 0);
    return digits;
  }

  struct Digest {
    std::uint64_t rows = 0, high = 0, low = 0;
    void add(std::uint64_t number) {
      ++rows;
      low += number & 0xFFFFFFFF;
      high += (number >> 32) + (low >> 32);
      low &= 0xFFFFFFFF;
    }
    std::vector<Cell> cells() const {
      return {std::to_string(rows), rows > 0 ? Cell(decimal(high, low)) : Cell()};
    }
  };

  Rows digest(const std::string& sql) const {
    Digest sum;
    for (const auto& [key, value] : selected(sql, true)) sum.add(hash(key, value));
    Rows answer{{"n", "d1", "ordered"}, {sum.cells()}};
    answer.rows[0].emplace_back("1");
    return answer;
  }

  Rows blocks(const std::string& sql) const {
    const auto block_bits = static_cast<unsigned>(*number_after(sql, " >> "));
    const bool weighted = sql.find("& 63") != std::string::npos;
    std::map<std::uint64_t, Digest> sums;
    for (const auto& [key, value] : selected(sql, ghosts_in_blocks)) {
      const std::uint64_t place = static_cast<std::uint64_t>(key) ^ (std::uint64_t{1} << 63);
      const std::uint64_t cell = (place >> (block_bits - 6)) & 63;
      sums[place >> block_bits].add(hash(key, value) * (weighted ? 1 + cell * 67108864 : 1));
    }
    Rows answer{{"block", "n", "d1"}, {}};
    for (const auto& [block, sum] : sums) {
      answer.rows.push_back(sum.cells());
      answer.rows.back().insert(answer.rows.back().begin(), std::to_string(block));
    }
    return answer;
  }

  Rows row_digests(const std::string& sql) const {
    Rows answer{{"k0", "h"}, {}};
    for (const auto& [key, value] : selected(sql))
      answer.rows.push_back({std::to_string(key), std::to_string(hash(key, value))});
    return answer;
  }

  Rows values(const std::string& sql) const {
    Rows answer{{"k0", "c0", "c1"}, {}};
    for (const auto& [key, value] : selected(sql))
      answer.rows.push_back({std::to_string(key), std::to_string(key), value});
    return answer;
  }
};

class TableSession : public evenkeel::mysql::SqlSession {
 public:
  explicit TableSession(std::shared_ptr<TableServer> server) : server_(std::move(server)) {}
  evenkeel::mysql::Rows query(const std::string& sql) override { return server_->answer(sql); }
  void execute(const std::string& /*sql*/) override {}
  std::string server_version() const override { return "10.11.14-MariaDB"; }

 private:
  std::shared_ptr<TableServer> server_;
};

// Servers by host.
class TableConnector : public evenkeel::mysql::SqlConnector {
 public:
  std::map<std::string, std::shared_ptr<TableServer>> servers;

  std::unique_ptr<evenkeel::mysql::SqlSession> connect(const evenkeel::mysql::Login& login,
                                                       const evenkeel::Deadline& /*deadline*/,
                                                       evenkeel::Trace& /*trace*/) override {
    return std::make_unique<TableSession>(servers.at(login.host));
  }
};

}  // namespace fakes
