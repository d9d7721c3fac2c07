#include "inquiry.h"

#include "evenkeel/mysql/grants.h"

namespace evenkeel::replication {

std::string reason_of(const mysql::SqlError& error, const std::string& where) {
  const std::string text = error.what();
  const std::string mark = " on " + where + ": ";
  const std::size_t at = text.find(mark);
  return at == std::string::npos ? text : text.substr(at + mark.size());
}

mysql::Rows Inquiry::ask(const std::string& purpose, const std::string& sql) {
  try {
    return session_.query(sql);
  } catch (const mysql::SqlError& error) {
    throw mysql::SqlError(error.fault(), error.code(), purpose + ": " + reason_of(error, where_));
  }
}

std::string Inquiry::account() {
  try {
    return mysql::account_of(session_);
  } catch (const mysql::SqlError&) {
    // The GRANT matters more than the name in it.
    return mysql::some_account;
  }
}

}  // namespace evenkeel::replication
