// What a server has against --where: in words of ours that name the option, since the server's own words are
// in its language and repeat our SQL.
#pragma once

#include <string>
#include <string_view>

#include "comparison_plan.h"
#include "evenkeel/mysql/sql_session.h"

namespace evenkeel::table_sync {

// "--where: no column 'x' in shop.t"; empty where the server understands the condition for this table.
// Touches no row. Throws SqlError for what is wrong without a condition, too.
std::string trouble_with_condition(mysql::SqlSession& session, const ComparisonPlan& plan);

// The pure part: of the error that came to a statement with this condition.
std::string condition_error_text(int code, std::string_view error, const ComparisonPlan& plan);

// Whether the error is one of evaluating an expression: our own never raise it, so the condition has.
bool is_expression_error(int code);

}  // namespace evenkeel::table_sync
