// A column's default as a value, out of the many ways in which servers of several families and versions write
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialect.h"

namespace evenkeel::table_sync {

struct ColumnDefault {
  enum class Kind { none, number, text, bytes, now, expression };

  Kind kind = Kind::none;
  std::string
      value;  // digits, characters, bytes, the digits of now()'s fraction, or the expression as written
  // What some servers leave out of a binary value: MySQL all from the first NUL byte on, MariaDB before 11
  // the bytes that are no character (a question mark stands for each).
  bool cut = false;
  bool blurred = false;

  std::string text() const;  // for people
};

// How the column's type changes what its default means.
enum class DefaultOf { number, moment, text, bytes };

// `written` is COLUMN_DEFAULT; `generated` is whether EXTRA says that it is an expression (MySQL).
ColumnDefault default_from(const std::optional<std::string>& written, bool generated, DefaultOf column,
                           const Dialect& dialect);

// False where the two are certainly not the same. Expressions are spelled differently by the two families:
// only those of one family are held against each other.
bool may_be_equal(const ColumnDefault& a, const ColumnDefault& b, bool same_family);

// An expression without what only some versions print: blanks, brackets, quotes of names, introducers of
// character sets.
std::string normal_expression(std::string_view expression);

}  // namespace evenkeel::table_sync
