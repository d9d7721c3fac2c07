#include "inquiry.h"

#include "evenkeel/mysql/grants.h"

namespace evenkeel::replication {

mysql::Rows Inquiry::ask(const std::string& purpose, const std::string& sql) {
  return mysql::ask(session_, purpose, sql);
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
