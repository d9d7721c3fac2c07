// What a name stands for that answers to SELECT and is not among the tables that are compared.
#pragma once

#include <string>

#include "evenkeel/mysql/sql_session.h"
#include "table_name.h"

namespace evenkeel::table_sync {

// "is a view, which is not compared"; empty for a table that is compared, one that was created since the
// tables were listed among them, and for what the server does not tell.
std::string why_not_compared(mysql::SqlSession& session, const TableName& name);

// The name of a table there that differs in case only; empty where there is none.
std::string name_in_other_case(mysql::SqlSession& session, const TableName& name);

// The pure part: TABLE_SCHEMA, TABLE_NAME and TABLE_TYPE of tables with this name in any case.
std::string why_not_compared(const mysql::Rows& rows, const TableName& name);

}  // namespace evenkeel::table_sync
