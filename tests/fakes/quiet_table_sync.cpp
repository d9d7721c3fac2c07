// Compares tables that nobody writes to, with the plugin's own queries and none of its confirmation, pauses
// or state: what tests of the encoding itself need. Prints what it finds, a line each.
//
//   quiet_table_sync [--strong] [--digest] [--rows N] [--where SQL] --table DB.TABLE … SOCKET SOCKET …
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chunk_digest.h"
#include "definition_comparison.h"
#include "evenkeel/mysql/sql_session.h"
#include "host_digest.h"
#include "row_fetch.h"
#include "table_definition.h"

using namespace evenkeel;
using namespace evenkeel::table_sync;

namespace {

struct Settings {
  Strength strength = Strength::fast;
  bool digest = false, sql = false;
  std::uint64_t rows = 1000;
  std::string where;
  std::vector<std::string> tables, ignored_columns, sockets;
};

Settings settings_from(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--strong")
      settings.strength = Strength::strong;
    else if (word == "--digest")
      settings.digest = true;
    else if (word == "--sql")
      settings.sql = true;
    else if (word == "--rows")
      settings.rows = std::stoull(argv[++i]);
    else if (word == "--where")
      settings.where = argv[++i];
    else if (word == "--table")
      settings.tables.emplace_back(argv[++i]);
    else if (word == "--ignore-column")
      settings.ignored_columns.emplace_back(argv[++i]);
    else
      settings.sockets.push_back(word);
  }
  return settings;
}

struct Host {
  std::unique_ptr<mysql::SqlSession> session;
  Dialect dialect;
  TableDefinitions tables;
};

class Comparison {
 public:
  Comparison(const Settings& settings, std::vector<Host>& hosts, const ComparisonPlan& plan)
      : settings_(settings), hosts_(hosts), plan_(plan) {
    hashing_ =
        settings.digest ? Hashing{settings.strength, ""} : Hashing::with_random_salt(settings.strength);
  }

  void run() {
    const std::string table = plan_.table.text();
    RangeCutter cutter(plan_);
    std::vector<ChunkDigest> whole(hosts_.size());
    std::size_t differing = 0, ranges = 0;
    while (const auto range = cutter.next(*hosts_[0].session, settings_.rows)) {
      ++ranges;
      const std::vector<ChunkDigest> digests = digest(*range);
      cutter.learn(digests[0].rows);
      bool same = true;
      for (std::size_t i = 0; i < hosts_.size(); ++i) {
        whole[i] += digests[i];
        same = same && digests[i] == digests[0];
      }
      if (!same && plan_.has_key()) differing += drill_down(*range);
      if (!same && !plan_.has_key()) std::printf("%s whole\n", table.c_str());
    }
    std::printf("%s ranges %zu rows %llu differing %zu\n", table.c_str(), ranges,
                static_cast<unsigned long long>(whole[0].rows), differing);
    if (!settings_.digest) return;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const HostDigest line = host_digest(plan_, hashing_, whole[i]);
      std::printf("%s digest %zu %s %llu %s\n", table.c_str(), i, line.key.c_str(),
                  static_cast<unsigned long long>(line.rows), line.digest.c_str());
    }
  }

 private:
  std::vector<ChunkDigest> digest(const KeyRange& range) {
    std::vector<ChunkDigest> digests;
    const std::string sql = chunk_digest_sql(plan_, hashing_, range);
    if (settings_.sql) std::printf("%s\n", sql.c_str());
    for (Host& host : hosts_) {
      const ChunkAnswer answer = chunk_answer_from(host.session->query(sql));
      if (!answer.ordered) std::printf("%s unordered\n", plan_.table.text().c_str());
      digests.push_back(answer.digest);
    }
    return digests;
  }

  std::size_t drill_down(const KeyRange& range) {
    constexpr std::uint32_t buckets = 7;  // few, so that each has several rows
    std::vector<std::vector<BucketDigest>> parts;
    const std::string sql = bucket_digests_sql(plan_, hashing_, range, buckets);
    for (Host& host : hosts_) parts.push_back(bucket_digests_from(host.session->query(sql), buckets));
    const std::vector<std::uint32_t> wanted = differing_buckets(parts);
    std::vector<RowDigests> rows;
    const std::string fetch = row_digests_sql(plan_, hashing_, range, buckets, wanted);
    for (Host& host : hosts_) rows.push_back(row_digests_from(plan_, host.session->query(fetch)));
    const std::vector<RowDifference> differences = differing_rows(plan_, rows);
    for (const RowDifference& row : differences) show(row);
    if (!differences.empty()) again(differences);
    return differences.size();
  }

  void show(const RowDifference& row) {
    std::string kinds;
    for (std::size_t i = 1; i < hosts_.size(); ++i) {
      const RowKind kind = kind_of(row, i, 0);
      kinds += kind == RowKind::missing ? " missing" : kind == RowKind::extra ? " extra" : " changed";
    }
    std::printf("%s row %s%s\n", plan_.table.text().c_str(), key_text(plan_, row.key).c_str(), kinds.c_str());
  }

  // Reading the rows by key must say the same.
  void again(const std::vector<RowDifference>& differences) {
    std::vector<KeyTuple> keys;
    for (const RowDifference& row : differences) keys.push_back(row.key);
    keys.resize(std::min(keys.size(), max_keys_per_fetch(plan_)));
    std::vector<RowDigests> rows;
    for (Host& host : hosts_) {
      rows.push_back(
          row_digests_from(plan_, host.session->query(row_digests_by_key_sql(plan_, hashing_, keys))));
      row_values_from(plan_, host.session->query(row_values_sql(plan_, keys)));
    }
    const std::vector<RowDifference> second = differing_rows(plan_, rows);
    bool same = second.size() == keys.size();
    for (std::size_t i = 0; same && i < second.size(); ++i)
      same = second[i].digests == differences[i].digests;
    if (!same) std::printf("%s disagrees with itself\n", plan_.table.text().c_str());
  }

  const Settings& settings_;
  std::vector<Host>& hosts_;
  const ComparisonPlan& plan_;
  Hashing hashing_;
};

void compare(const Settings& settings, std::vector<Host>& hosts, const TableName& name,
             const TableSelection& selection) {
  std::vector<DefinitionOn> on;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto found = hosts[i].tables.find(name);
    on.push_back(
        {std::to_string(i), hosts[i].dialect, found == hosts[i].tables.end() ? nullptr : &found->second});
  }
  const DefinitionComparison result = compare_definitions(name, on, 0, selection, settings.where);
  for (const std::size_t server : result.missing_on)
    std::printf("%s missing on %zu\n", name.text().c_str(), server);
  for (const DefinitionDifference& difference : result.differences)
    std::printf("%s definition on %zu: %s\n", name.text().c_str(), difference.server,
                difference.text.c_str());
  for (const std::string& remark : result.remarks)
    std::printf("%s remark: %s\n", name.text().c_str(), remark.c_str());
  if (result.plan && result.missing_on.empty()) Comparison(settings, hosts, *result.plan).run();
}

void run(const Settings& settings) {
  const TableSelection selection(settings.tables, {}, settings.ignored_columns);
  const auto connector = mysql::make_connector();
  Trace trace;
  std::vector<Host> hosts;
  std::set<TableName> names;
  for (const std::string& socket : settings.sockets) {
    mysql::Login login;
    login.socket = socket;
    login.user = "root";
    Host host;
    host.session = connector->connect(login, Deadline::after(std::chrono::seconds(600)), trace);
    host.dialect = Dialect::of(host.session->server_version());
    host.session->execute(session_pins(host.dialect));
    host.session->execute(statement_limit(host.dialect, 300));
    host.tables = read_definitions(*host.session, host.dialect, selection);
    for (const auto& [name, table] : host.tables) names.insert(name);
    hosts.push_back(std::move(host));
  }
  for (const TableName& name : names) compare(settings, hosts, name, selection);
}

}  // namespace

int main(int argc, char** argv) try { run(settings_from(argc, argv)); } catch (const std::exception& error) {
  std::printf("error: %s\n", error.what());
  return 1;
}
