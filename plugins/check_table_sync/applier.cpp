#include "applier.h"

#include <cstdint>
#include <iterator>

#include "evenkeel/text.h"
#include "table_name.h"

namespace evenkeel::table_sync {

namespace {

// What servers call their logs unless told otherwise.
constexpr const char* usual_names[] = {"binlog", "mysql-bin"};

}  // namespace

std::string applier_sql(const Dialect& dialect, const std::set<std::string>& log_names) {
  std::set<std::string> names(std::begin(usual_names), std::end(usual_names));
  names.insert(log_names.begin(), log_names.end());
  std::string list;
  // A position that any thread has passed that has applied something. Older servers wait in whole seconds.
  for (const std::string& name : names)
    list += (list.empty() ? "" : ", ") + std::string(dialect.version >= 80026 ? "SOURCE" : "MASTER") +
            "_POS_WAIT(" + text_literal(name + ".000001") + ", 4, 1)";
  return "SELECT COALESCE(" + list + ") AS passed";
}

std::string log_name_of(const Dialect& dialect, mysql::SqlSession& session) {
  if (dialect.is_mariadb()) return {};
  const std::string path =
      session.query("SELECT @@GLOBAL.log_bin_basename AS path").at(0, "path").value_or("");
  return path.substr(path.find_last_of("/\\") + 1);
}

std::optional<bool> applier_runs(const Dialect& dialect, mysql::SqlSession& session,
                                 const std::set<std::string>& log_names) {
  try {
    if (!dialect.is_mariadb())
      return session.query(applier_sql(dialect, log_names)).at(0, "passed").has_value();
    const mysql::Cell count = session.query("SHOW GLOBAL STATUS LIKE 'Slaves_running'").at(0, "Value");
    const auto running = parse_integer<std::uint64_t>(count.value_or(""));
    if (!running) return std::nullopt;
    return *running > 0;
  } catch (const mysql::SqlError& error) {
    // Several channels, a function that this version does not have, a right that it wants.
    if (!error.lacks_privilege() && error.fault() != Fault::protocol) throw;
    return std::nullopt;
  }
}

}  // namespace evenkeel::table_sync
