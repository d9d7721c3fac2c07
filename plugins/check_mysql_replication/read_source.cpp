#include "read_source.h"

#include "evenkeel/mysql/server_version.h"
#include "evenkeel/text.h"
#include "inquiry.h"
#include "transactions_behind.h"

namespace evenkeel::replication {

namespace {

constexpr int syntax_error = 1064;
constexpr int unknown_variable = 1193;

// SHOW VARIABLES would cut long sets, SELECT does not.
SourceReading read_mysql(Inquiry& inquiry) {
  const mysql::Rows rows = inquiry.ask(
      "reading its GTIDs",
      "SELECT @@GLOBAL.gtid_executed AS executed, @@GLOBAL.server_uuid AS uuid, @@GLOBAL.server_id AS id,"
      " @@GLOBAL.gtid_mode AS mode, @@GLOBAL.log_bin AS log_bin");
  SourceReading source;
  source.gtid_mode = rows.at(0, "mode").value_or("");
  source.binary_log = rows.at(0, "log_bin") != "0";
  source.keeps_gtids = source.binary_log && has_gtids(source.gtid_mode);
  source.executed = GtidSet::parse(rows.at(0, "executed").value_or(""));
  source.server_uuid = lower(rows.at(0, "uuid").value_or(""));
  source.server_id = rows.at(0, "id").value_or("");
  return source;
}

SourceReading read_mariadb(Inquiry& inquiry) {
  const mysql::Rows rows =
      inquiry.ask("reading its GTIDs",
                  "SELECT @@GLOBAL.gtid_binlog_pos AS written, @@GLOBAL.gtid_binlog_state AS state,"
                  " @@GLOBAL.gtid_slave_pos AS applied, @@GLOBAL.server_id AS id,"
                  " @@GLOBAL.log_bin AS log_bin, @@GLOBAL.log_slave_updates AS log_slave_updates");
  SourceReading source;
  source.mariadb = true;
  source.binary_log = rows.at(0, "log_bin") != "0";
  source.keeps_gtids = source.binary_log;
  source.written = mysql::GtidPosition::parse(rows.at(0, "written").value_or(""));
  source.logged = mysql::GtidPosition::parse(rows.at(0, "state").value_or(""));
  source.logged.add(source.written);
  source.known = source.logged;
  source.received = mysql::GtidPosition::parse(rows.at(0, "applied").value_or(""));
  source.known.add(source.received);
  source.logs_received = rows.at(0, "log_slave_updates") != "0";
  source.server_id = rows.at(0, "id").value_or("");
  return source;
}

SourceReading read_either(mysql::SqlSession& session, Inquiry& inquiry) {
  const bool mariadb = mysql::ServerVersion::parse(session.server_version()).mariadb;
  try {
    return mariadb ? read_mariadb(inquiry) : read_mysql(inquiry);
  } catch (const mysql::SqlError& error) {
    // A proxy may greet with a version of its own.
    if (error.code() != unknown_variable) throw;
    return mariadb ? read_mysql(inquiry) : read_mariadb(inquiry);
  }
}

// It needs no more than to log in for all else: what may not be seen here is no finding.
void read_channels(Inquiry& inquiry, SourceReading& source) {
  try {
    source.channels = channels_from(inquiry.ask(
        "reading whom it follows", source.mariadb ? "SHOW ALL SLAVES STATUS" : "SHOW REPLICA STATUS"));
    source.follows_nobody = source.channels.empty();
  } catch (const mysql::SqlError& error) {
    if (!error.lacks_privilege() && error.code() != syntax_error) throw;
  }
}

}  // namespace

SourceReading read_source(mysql::SqlSession& session, const std::string& where, bool channels) {
  Inquiry inquiry(session);
  SourceReading source = read_either(session, inquiry);
  source.where = where;
  if (channels || !hands_on_all(source)) read_channels(inquiry, source);
  return source;
}

}  // namespace evenkeel::replication
