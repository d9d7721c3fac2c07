#include "sync_options.h"

#include "evenkeel/error.h"
#include "evenkeel/mysql/connection_options.h"
#include "evenkeel/text.h"
#include "sql_condition.h"
#include "table_pattern.h"

namespace evenkeel::table_sync {

namespace {

std::vector<OptionSpec> what_to_compare() {
  return {
      {.name = "table",
       .value = "DB.TABLE",
       .help =
           "a table to compare; * and ? are wildcards, '*.*' is every table that is not the server's own. A "
           "name in backquotes stands for itself",
       .repeatable = true},
      {.name = "ignore-table",
       .value = "DB.TABLE",
       .help = "leave these out; wildcards as above",
       .repeatable = true},
      {.name = "ignore-column",
       .value = "DB.TABLE.COLUMN",
       .help = "do not compare these columns; wildcards as above",
       .repeatable = true},
      {.name = "where",
       .value = "CONDITION",
       .help = "compare only rows for which this SQL condition holds",
       .may_hold_login = true},
      {.name = "reference",
       .value = "HOST",
       .help = "whose side is taken where no majority decides",
       .default_text = "the first server"},
      {.name = "definition",
       .value = "STATE",
       .help = "what a table that is defined otherwise on a server counts as: ok, warning, critical, unknown "
               "or 0 "
               "to 3",
       .default_text = "warning"},
      {.name = "confirm",
       .value = "SECONDS",
       .help =
           "a row that moves for longer than this is unconfirmed; on servers that do not replicate from each "
           "other, a row must differ and hold still for this long to count",
       .default_text = "3"},
  };
}

std::vector<OptionSpec> how_gently() {
  return {
      {.name = "budget",
       .value = "SECONDS",
       .help = "stop reading after so long; the next run goes on from there",
       .default_text = "four fifths of --timeout"},
      {.name = "chunk-time",
       .value = "SECONDS",
       .help =
           "how long the slowest server may work on one statement; chunks are sized to it, and the server "
           "itself ends a statement after ten times that (at least 2 s)",
       .default_text = "0.5"},
      {.name = "threads",
       .value = "N",
       .help = "compare so many tables at a time, with as many connections to each server",
       .default_text = "1"},
      {.name = "max-running",
       .value = "THREADS",
       .help = "pause while a server runs more threads than this",
       .default_text = "50"},
      {.name = "max-lag",
       .value = "SECONDS",
       .help = "pause while a replica is further behind; needs the privilege to see replication status"},
      {.name = "strong",
       .help = "hash with SHA2 in place of CRC32: slower, and no crafted row slips through"},
      {.name = "digest",
       .help =
           "compare nothing: print row count and digest of each table of each host. Equal tables have equal "
           "digests on every host, whatever its version"},
  };
}

std::vector<LabelSpec> labels() {
  return {
      {"rows_differing", "", "rows that differ anywhere, each counted once", "", "0"},
      {"tables_differing", "", "tables with such rows, and tables missing on a server", "", "0"},
      {"rows_unconfirmed", "", "rows that differed and moved for longer than --confirm, or time ran out for",
       "", ""},
      {"rows_compared", "", "rows that this run has compared", "", ""},
      {"coverage", "%", "how much of all tables has been compared, by this run or earlier ones", "", ""},
      {"oldest_verified", "s", "how long ago the part was compared that has waited longest", "", ""},
  };
}

std::vector<Example> examples() {
  return {
      {"check_table_sync -H db1,db2,db3 -f /etc/evenkeel/syncer.cnf --table 'shop.*'",
       "TABLE_SYNC CRITICAL - shop.flags: db3 differs in 200 rows (id 10, 11, 12, …); db1 = db2 | "
       "rows_differing=200;;0;0 tables_differing=1;;0;0 rows_unconfirmed=0;;;0 rows_compared=2010000;;;0 "
       "coverage=100%;;;0;100 oldest_verified=2s;;;0"},
      {"check_table_sync -H db1 -f /etc/evenkeel/syncer.cnf --digest --table 'shop.*'",
       "TABLE_SYNC OK - 2 tables, 2010000 rows digested | rows_compared=2010000;;;0\n"
       "[OK] db1: shop.flags id 10000 rows 00000000000000000000137eb3883089\n"
       "[OK] db1: shop.orders id 2000000 rows 0000000000000000000f41e417babf9b"},
  };
}

constexpr const char* notes =
    "What it needs: SELECT on the tables, and nothing else where servers have GTIDs or do not replicate from "
    "each "
    "other. --max-lag needs to see replication status (MySQL: REPLICATION CLIENT; MariaDB 10.5.9 and later: "
    "SLAVE "
    "MONITOR). It writes nothing and locks nothing.\n\n"
    "What counts as different: any byte of any column, NULL against the empty string, trailing spaces, case "
    "and "
    "accents included. A row on its way through replication never counts: what differs is read again, with "
    "the "
    "replica given time to apply what its source had executed, until it is equal, or has held still and "
    "differed "
    "over many rounds at random times. A row that moves for longer than --confirm is unconfirmed: shown, "
    "without "
    "an alert. A row that differed until time ran out is kept and comes first in the next run; it is UNKNOWN "
    "there "
    "at the latest: servers that are always seconds behind each other need more time. On servers that do not "
    "replicate "
    "from each other, or not by GTID, --confirm must be longer "
    "than the "
    "time a change takes from one to the other.\n\n"
    "What it cannot see: a row where CRC32 happens to be the same before and after (one in 4 billion); "
    "--strong "
    "removes that. Tables without a primary key, or a unique key on columns that are never NULL, are "
    "compared in one "
    "piece, and no rows named. Views and the server's own schemas are left out.\n\n"
    "A run stops reading when its budget is over, and the next goes on where it stopped; that is no alert. "
    "coverage "
    "and oldest_verified say what has been looked at. A drift once found is read again first in every run, "
    "within half the budget, and "
    "stays reported until it has healed.";

std::string condition_of(const Options& options) {
  const std::optional<std::string> condition = options.value("where");
  if (!condition) return {};
  if (const std::string flaw = flaw_of_condition(*condition); !flaw.empty())
    throw usage_error("--where: the condition " + flaw);
  return *condition;
}

Status definition_state(const Options& options) {
  const std::optional<std::string> text = options.value("definition");
  if (!text) return Status::warning;
  if (const std::optional<Status> state = parse_status(*text)) return *state;
  throw usage_error("--definition: \"" + clean(*text, 40) +
                    "\" is no state; one of ok, warning, critical, unknown or 0 to 3");
}

// -t N[:STATE]; what is wrong with it has been said by then.
double timeout_of(const Options& options) {
  const std::string text = options.value("timeout").value_or("");
  double seconds = 0;
  if (text.empty() || !parse_number(std::string_view(text).substr(0, text.find(':')), seconds))
    return default_timeout;
  return seconds;
}

void check_patterns(const Settings& settings) {
  TableSelection(settings.tables, settings.ignored_tables, settings.ignored_columns);
}

}  // namespace

Description description() {
  Description description;
  description.name = "check_table_sync";
  description.purpose = "Do these MySQL or MariaDB servers hold the same data in these tables?";
  description.options = what_to_compare();
  for (OptionSpec& option : how_gently()) description.options.push_back(std::move(option));
  for (OptionSpec& option : mysql::connection_options()) description.options.push_back(std::move(option));
  description.labels = labels();
  description.examples = examples();
  description.notes = notes;
  description.default_timeout = default_timeout;
  return description;
}

Settings settings_from(const Options& options) {
  Settings settings;
  settings.tables = options.values("table");
  if (settings.tables.empty())
    throw usage_error("--table: name at least one table to compare, as DB.TABLE; '*.*' is all of them");
  settings.ignored_tables = options.values("ignore-table");
  settings.ignored_columns = options.values("ignore-column");
  check_patterns(settings);
  settings.where = condition_of(options);
  settings.reference = options.value("reference");
  settings.definition = definition_state(options);
  settings.confirm = options.number("confirm", 3, 0.1, 3600);
  settings.threads = static_cast<std::size_t>(options.integer("threads", 1, 1, 64));
  settings.chunk_time = options.number("chunk-time", 0.5, 0.01, 60);
  if (options.has("max-lag")) settings.max_lag = options.number("max-lag", 0, 0, 1e6);
  settings.max_running = options.integer("max-running", 50, 1, 1'000'000);
  const double timeout = timeout_of(options);
  settings.budget = options.number("budget", timeout * 0.8, 0.1, 1e6);
  if (settings.budget >= timeout)
    throw usage_error("--budget: " + format_number(settings.budget) + " s leave no time before --timeout " +
                      format_number(timeout) + " s ends the run");
  settings.strong = options.has("strong");
  settings.digest = options.has("digest");
  if (settings.digest && settings.reference) throw usage_error("--digest and --reference exclude each other");
  return settings;
}

}  // namespace evenkeel::table_sync
