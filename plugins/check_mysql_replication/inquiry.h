// Questions to one server whose errors begin with what was asked for, in few words.
#pragma once

#include <string>

#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::replication {

class Inquiry {
 public:
  explicit Inquiry(mysql::SqlSession& session) : session_(session) {}

  // `purpose` is "reading the replication status".
  mysql::Rows ask(const std::string& purpose, const std::string& sql);

  // As the GRANT wants it; a placeholder where the server does not tell.
  std::string account();

 private:
  mysql::SqlSession& session_;
};

}  // namespace evenkeel::replication
