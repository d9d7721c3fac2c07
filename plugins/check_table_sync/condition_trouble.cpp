#include "condition_trouble.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

constexpr std::size_t name_bytes = 80;

// Errors of the server, not of the client library.
bool is_servers(int code) { return (code >= 1000 && code < 2000) || code >= 3000; }

// Errors that say nothing of a statement.
bool is_of_the_moment(int code) {
  constexpr std::array codes{1040, 1041, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1205,
                             1213, 1226, 1317, 1927, 1969, 3024, 3118, 3168, 4031, 4151};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// The first name in quotes, which stands there in every language, where the condition has it.
std::string quoted_in(std::string_view error, std::string_view condition) {
  const std::size_t begin = error.find('\'');
  if (begin == std::string_view::npos) return {};
  const std::size_t end = error.find('\'', begin + 1);
  if (end == std::string_view::npos) return {};
  const std::string name(error.substr(begin + 1, end - begin - 1));
  std::string bare;
  std::copy_if(condition.begin(), condition.end(), std::back_inserter(bare), [](char c) { return c != '`'; });
  if (name.empty() || lower(bare).find(lower(name)) == std::string::npos) return {};
  return " '" + clean(name, name_bytes) + "'";
}

bool is_of_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || (c & '\x80') != 0;
}

// The function of the condition that the error names.
std::string function_in(std::string_view error, std::string_view condition) {
  const std::string text = lower(error);
  for (std::size_t open = condition.find('('); open != std::string_view::npos;
       open = condition.find('(', open + 1)) {
    std::size_t begin = open;
    while (begin > 0 && is_of_name(condition[begin - 1])) --begin;
    const std::string name(condition.substr(begin, open - begin));
    if (!name.empty() && text.find(lower(name)) != std::string::npos)
      return " " + clean(name, name_bytes) + "()";
  }
  return {};
}

bool reads_other_tables(std::string_view condition) {
  return lower(condition).find("select") != std::string::npos;
}

}  // namespace

std::string condition_error_text(int code, std::string_view error, const ComparisonPlan& plan) {
  const std::string table = clean(plan.table.text(), 140), option = "--where: ";
  const std::string function = function_in(error, plan.where);
  switch (code) {
    case 1054:
      return option + "no column" + quoted_in(error, plan.where) +
             (reads_other_tables(plan.where) ? ": " : " in ") + table;
    case 1052:
      return option + "which column" + quoted_in(error, plan.where) + " is meant is not clear: " + table;
    case 1064:
    case 1149:
      return option + "a syntax error: it is no SQL condition";
    case 1046:
      return option + "a table or function in it needs its database, as DB.NAME";
    case 1128:
    case 1305:
    case 1630:
      return option + "no function" + function;
    case 1318:
    case 1582:
    case 1583:
    case 1584:
      return option + "wrong arguments of" + (function.empty() ? " a function" : function);
    case 1051:
    case 1109:
    case 1146:
      return option + "no table" + quoted_in(error, plan.where);
    case 1044:
    case 1142:
    case 1143:
    case 1144:
    case 1227:
    case 1370:
      return option + "privilege missing on what it reads or calls beside " + table;
    case 1111:
      return option + "count(), sum() and their like have no place in it";
    default:
      break;
  }
  return option + "the server cannot evaluate it for " + table + " (error " + std::to_string(code) + ")";
}

std::string trouble_with_condition(mysql::SqlSession& session, const ComparisonPlan& plan) {
  try {
    session.query("SELECT 1 FROM " + plan.table.sql() + " WHERE (" + plan.where + ") LIMIT 0");
    return {};
  } catch (const mysql::SqlError& error) {
    if (!is_servers(error.code()) || is_of_the_moment(error.code())) throw;
    session.query("SELECT 1 FROM " + plan.table.sql() + " LIMIT 0");
    return condition_error_text(error.code(), error.what(), plan);
  }
}

bool is_expression_error(int code) {
  constexpr std::array codes{1139, 1241, 1242, 1264, 1267, 1270, 1271, 1273, 1292, 1301, 1305, 1365,
                             1366, 1367, 1406, 1411, 1426, 1525, 1582, 1583, 1584, 1690, 1772};
  return std::find(codes.begin(), codes.end(), code) != codes.end() || (code >= 3140 && code <= 3165) ||
         (code >= 3685 && code <= 3700) || (code >= 4037 && code <= 4042);
}

}  // namespace evenkeel::table_sync
