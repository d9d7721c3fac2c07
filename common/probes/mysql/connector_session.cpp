// The one file that knows MySQL Connector/C++ (1.1, over libmariadb).
#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/metadata.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>
#include <mysql_driver.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "evenkeel/bare_tls.h"
#include "evenkeel/mysql/sql_session.h"
#include "evenkeel/target.h"
#include "evenkeel/text.h"
#include "login_packets.h"
#include "read_allowance.h"
#include "sha2_login.h"
#include "socket_peer.h"
#include "tls_verification.h"

namespace evenkeel::mysql {

namespace {

// MySQL's own limit; more columns than that are no answer.
constexpr unsigned max_columns = 4096;

// Logging in takes a few hundred bytes; 4096 columns describe themselves in less than a MiB, which the
// library blows up about tenfold.
constexpr std::size_t max_login_bytes = 256u << 10;
constexpr std::size_t max_column_bytes = 1u << 20;

// What a cell costs beside its bytes: endless rows of NULLs are endless, too.
constexpr std::size_t cell_cost = sizeof(Cell);

SqlError too_large(const std::string& step) {
  return {Fault::protocol, SqlError::answer_too_large, step,
          "the answer is larger than " + std::to_string(SqlSession::max_answer_bytes >> 20) + " MiB"};
}

// Unix sockets do not leave the machine; TLS is worth something where we know who is at its other end.
bool may_hand_over_password(const Login& login) {
  return !login.scramble_only && (!login.socket.empty() || (login.tls.wanted && login.tls.verify));
}

// The server asks for a login that hands over the password, or for one that we do not know, and the channel
// is not one for it.
SqlError login_refused(const std::string& step, const Login& login, bool scramble_was_sent) {
  constexpr int plugin_error = 2061;
  std::string way = "use --ssl with --ca-cert, or -s";
  if (login.scramble_only)
    way = "name the source with --source HOST, or its login with --source-file";
  else if (login.tls.wanted)
    way = "use --ca-cert without --insecure";
  const char* const what =
      scramble_was_sent ? "the password is wrong, or has to be sent, which is done over verified TLS only"
                        : "the server asks for a login that is used with verified TLS only";
  return {Fault::denied, plugin_error, step, std::string(what) + "; " + way};
}

// The client library takes some settings from an option file or from a connection string, which is what it
// reads a host that holds an equals sign as. A file may be out of reach when it is read, which the library
// passes over in silence; a connection string it cannot miss, and to one that knows none it is the name of a
// host that is not there.
std::string connection_string(const Login& login, bool may_hand_over, const std::string& step) {
  // OPT_MAX_ALLOWED_PACKET is no use: Connector/C++ hands over an int where libmariadb reads a size_t. A
  // longer packet looks like a lost connection, so the limit is above what ReadAllowance lets through.
  std::string text = "max-allowed-packet=" + std::to_string(2 * SqlSession::max_answer_bytes + 4096);
  // Ways to log in that do not send the password itself to whoever asks for it; the two of SHA2 are ours.
  if (!may_hand_over)
    text += ";restricted-auth=mysql_native_password,caching_sha2_password,sha256_password,client_ed25519";
  if (!login.socket.empty()) return text;
  // Our own options have been looked at before: this one came from a server.
  if (!is_host(login.host)) throw SqlError(Fault::protocol, 0, step, "not a host name or address");
  return text + ";host=" + login.host;
}

// What went wrong in a step, in the order of what we know best: that we cut the connection, or why the
// library says it failed.
SqlError failure(const std::string& step, const ReadAllowance& allowance, const Deadline& deadline, int code,
                 std::string_view text) {
  if (allowance.exceeded())
    return {Fault::protocol, SqlError::answer_too_large, step, "the server sends more than we will read"};
  SqlError result = sql_error(step, code, text);
  // The library's own time-outs look like a lost connection.
  if (result.fault() == Fault::unreachable && deadline.expired())
    return {Fault::timeout, result.code(), step, "no answer in time"};
  return result;
}

class ConnectorSession : public SqlSession {
 public:
  ConnectorSession(std::unique_ptr<sql::Connection> connection, std::string place, const Deadline& deadline,
                   Trace& trace)
      : connection_(std::move(connection)),
        place_(std::move(place)),
        version_(connection_->getMetaData()->getDatabaseProductVersion()),
        deadline_(deadline),
        trace_(trace) {}

  Rows query(const std::string& sql) override {
    const std::string step = step_of(sql, place_);
    trace_.begin(step, purpose());
    ReadAllowance allowance(max_column_bytes, deadline_, trace_);
    try {
      Rows rows = ask(sql, step, allowance);
      trace_.end();
      return rows;
    } catch (const sql::SQLException& error) {
      throw failure(step, allowance, deadline_, error.getErrorCode(), error.what());
    }
  }

  void execute(const std::string& sql) override {
    const std::string step = step_of(sql, place_);
    trace_.begin(step, purpose());
    ReadAllowance allowance(max_column_bytes, deadline_, trace_);
    try {
      const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      if (statement->execute(sql)) throw sql_error(step, 0, "");
    } catch (const sql::SQLException& error) {
      throw failure(step, allowance, deadline_, error.getErrorCode(), error.what());
    }
    trace_.end();
  }

  std::string server_version() const override { return version_; }

 private:
  Rows ask(const std::string& sql, const std::string& step, ReadAllowance& allowance) {
    const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
    const std::unique_ptr<sql::ResultSet> result(statement->executeQuery(sql));
    allowance.grant(max_answer_bytes);
    Rows rows = read(*result, step);
    // next() takes most errors in mid-answer for its end; this throws them.
    if (std::unique_ptr<sql::ResultSet>(statement->getResultSet())) throw sql_error(step, 0, "");
    return rows;
  }

  Rows read(sql::ResultSet& result, const std::string& step) {
    sql::ResultSetMetaData& meta = *result.getMetaData();
    const unsigned width = meta.getColumnCount();
    if (width > max_columns) throw too_large(step);
    Rows rows;
    std::size_t size = 0;
    for (unsigned i = 1; i <= width; ++i) size += rows.columns.emplace_back(meta.getColumnLabel(i)).size();
    while (result.next()) {
      std::vector<Cell>& row = rows.rows.emplace_back();
      row.reserve(width);
      for (unsigned i = 1; i <= width; ++i) {
        const Cell& cell = row.emplace_back(result.isNull(i) ? Cell() : Cell(result.getString(i)));
        size += cell_cost + (cell ? cell->size() : 0);
      }
      if (size > max_answer_bytes) {
        trace_.mark_too_much();
        throw too_large(step);
      }
    }
    return rows;
  }

  std::unique_ptr<sql::Connection> connection_;
  std::string place_;
  std::string version_;
  Deadline deadline_;
  Trace& trace_;
};

class Connector : public SqlConnector {
 public:
  Connector() {
    ReadAllowance::install();
    PasswordGuard::install();
    driver_ = sql::mysql::get_driver_instance();
    // The library takes it where there is no password; but no password is what was asked for then.
    unsetenv("MYSQL_PWD");
  }

  std::unique_ptr<SqlSession> connect(const Login& login, const Deadline& deadline, Trace& trace) override {
    if (login.problem) throw *login.problem;
    const std::string step = login.connecting();
    trace.begin(step);
    const bool encrypted = login.tls.wanted && login.socket.empty();
    auto session = encrypted && !login.tls.verify
                       ? log_in_unverified(login, deadline, trace, step)
                       : log_in(login, may_hand_over_password(login), deadline, trace, step);
    trace.end();
    if (encrypted) require_tls(*session, step);
    return session;
  }

 private:
  // Told to encrypt but not to verify, libmariadb hands the password in clear to a MySQL server that has
  // no TLS. Told to verify, it leaves such a server before it logs in; so that is tried first. With
  // --insecure no password is handed over, not even to a server whose certificate happens to hold.
  std::unique_ptr<SqlSession> log_in_unverified(const Login& login, const Deadline& deadline, Trace& trace,
                                                const std::string& step) const {
    Login strict = login;
    strict.tls.verify = true;
    try {
      return log_in(strict, false, deadline, trace, step);
    } catch (const SqlError& error) {
      if (error.fault() != Fault::untrusted || error.code() != bad_certificate) throw;
    }
    return log_in(login, false, deadline, trace, step);
  }

  std::unique_ptr<SqlSession> log_in(const Login& login, bool may_hand_over, const Deadline& deadline,
                                     Trace& trace, const std::string& step) const {
    LoginPackets packets;
    ReadAllowance allowance(max_login_bytes, deadline, trace, &packets);
    const PasswordGuard guard(login.password, may_hand_over);
    const SocketPeer peer(login.socket);
    std::optional<TlsVerification> verification;
    if (login.tls.wanted && login.tls.verify && login.socket.empty()) verification.emplace(login.host);
    try {
      sql::ConnectOptionsMap properties = properties_of(login, may_hand_over, deadline, step);
      std::unique_ptr<sql::Connection> connection(driver_->connect(properties));
      if (verification && !verification->succeeded()) throw not_verified(step);
      return std::make_unique<ConnectorSession>(std::move(connection), login.place("on"), deadline, trace);
    } catch (const sql::SQLException& error) {
      const std::string_view text = error.what();
      if (!peer.flaw().empty()) throw stranger(step, peer);
      if (!packets.makes_sense()) throw SqlError(Fault::protocol, 0, step, packets.problem());
      if (guard.refused() || error.getErrorCode() == plugin_not_allowed)
        throw login_refused(step, login, guard.scramble_was_sent());
      if (text.find("SSL is required") != std::string_view::npos) throw no_tls(step);
      if (verification && !verification->problem().empty()) throw bad_certificate_error(step, *verification);
      throw failure(step, allowance, deadline, error.getErrorCode(), without_password(text, login.user));
    }
  }

  // "Access denied for user 'me:secret'@'db1'": somebody may write a login as other programs take it.
  static std::string without_password(std::string_view text, const std::string& user) {
    std::string result(text);
    const std::size_t colon = user.find(':');
    if (colon == std::string::npos) return result;
    const std::string head = "'" + user.substr(0, colon + 1);
    for (std::size_t at = result.find(head); at != std::string::npos; at = result.find(head, at + 1)) {
      const std::size_t begin = at + head.size();
      const std::size_t end = std::max(begin, std::min(result.rfind("'@'"), result.size()));
      result.replace(begin, end - begin, "\xE2\x80\xA6");
    }
    return result;
  }

  static sql::ConnectOptionsMap properties_of(const Login& login, bool may_hand_over,
                                              const Deadline& deadline, const std::string& step) {
    sql::ConnectOptionsMap properties;
    const auto text = [&](const char* name, const std::string& value) {
      properties[name] = sql::SQLString(value);
    };
    // Brackets keep colons from being read as the start of a port.
    text("hostName", "[" + connection_string(login, may_hand_over, step) + "]");
    if (login.socket.empty())
      properties["port"] = static_cast<int>(login.port);
    else
      text("socket", login.socket);
    text("userName", login.user);
    text("password", login.password);
    // All three: with one missing, a silent server holds us for ever.
    const int seconds = deadline.remaining_whole_seconds();
    for (const char* name : {"OPT_CONNECT_TIMEOUT", "OPT_READ_TIMEOUT", "OPT_WRITE_TIMEOUT"})
      properties[name] = seconds;
    // A server may ask for any file of ours unless this is off.
    properties["OPT_LOCAL_INFILE"] = 0;
    // Row by row, so that we may stop: otherwise the library keeps the whole answer before we see any.
    properties["defaultStatementResultType"] = static_cast<int>(sql::ResultSet::TYPE_FORWARD_ONLY);
    // A socket does not leave the machine, and no certificate names one.
    if (login.tls.wanted && login.socket.empty()) add_tls(login.tls, properties);
    return properties;
  }

  static void add_tls(const TlsSettings& tls, sql::ConnectOptionsMap& properties) {
    properties["sslEnforce"] = true;
    properties["sslVerify"] = tls.verify;
    // The library verifies against an authority that it was given, whatever sslVerify says.
    if (tls.verify && !tls.ca_file.empty()) properties["sslCA"] = sql::SQLString(tls.ca_file);
    if (!tls.cert_file.empty()) properties["sslCert"] = sql::SQLString(tls.cert_file);
    if (!tls.key_file.empty()) properties["sslKey"] = sql::SQLString(tls.key_file);
  }

  // The library falls back to plain text in silence where it was not told to verify.
  static void require_tls(SqlSession& session, const std::string& step) {
    const Rows rows =
        mysql::ask(session, "asking whether TLS is on", "SHOW SESSION STATUS LIKE 'Ssl_version'");
    const Cell version = rows.at(0, "Value");
    if (!version || version->empty()) throw no_tls(step);
  }

  static SqlError stranger(const std::string& step, const SocketPeer& peer) {
    return {Fault::denied, 0, step,
            "not logged in: " + peer.flaw() +
                "; name the server's socket with -s, in a folder of its own, or its host with -H"};
  }

  static SqlError no_tls(const std::string& step) {
    return {Fault::untrusted, 0, step, "TLS was asked for and the server offers no TLS"};
  }

  static SqlError bad_certificate_error(const std::string& step, const TlsVerification& verification) {
    const std::string why = verification.wrong_name() ? "the server's certificate is for another name"
                                                      : "TLS/SSL error: " + verification.problem();
    return {Fault::untrusted, bad_certificate, step, why};
  }

  // Our verification was passed by, so that nobody knows who is at the other end.
  static SqlError not_verified(const std::string& step) {
    return {Fault::untrusted, 0, step, "TLS was asked for and the server was not verified"};
  }

  static constexpr int plugin_not_allowed = 5010;  // in libmariadb's words with the wrong plugin's name
  static constexpr int bad_certificate = 2026;     // and whatever else goes wrong with TLS

  sql::mysql::MySQL_Driver* driver_ = nullptr;
};

}  // namespace

std::shared_ptr<SqlConnector> make_connector() { return std::make_shared<Connector>(); }

std::shared_ptr<SqlConnector> make_connector_for(const std::vector<Login>& logins) {
  const bool tls =
      std::any_of(logins.begin(), logins.end(), [](const Login& login) { return login.tls.wanted; });
  if (!tls) start_tls_library_bare();
  return make_connector();
}

}  // namespace evenkeel::mysql
