// Questions to one server whose errors begin with what was asked for, in few words.
#pragma once

#include <string>

#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::replication {

// The server's part of an error, without the statement in front of it.
std::string reason_of(const mysql::SqlError& error, const std::string& where);

class Inquiry {
 public:
  Inquiry(mysql::SqlSession& session, std::string where) : session_(session), where_(std::move(where)) {}

  // `purpose` is "reading the replication status".
  mysql::Rows ask(const std::string& purpose, const std::string& sql);

  // As the GRANT wants it; a placeholder where the server does not tell.
  std::string account();

 private:
  mysql::SqlSession& session_;
  std::string where_;
};

}  // namespace evenkeel::replication
