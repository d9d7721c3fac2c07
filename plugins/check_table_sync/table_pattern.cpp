#include "table_pattern.h"

#include <algorithm>
#include <utility>

#include "column_name.h"
#include "evenkeel/error.h"
#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

// The bytes of the UTF-8 character at `at`; a byte that begins none stands for itself.
std::size_t character_size(std::string_view text, std::size_t at) {
  std::size_t size = 1;
  while (at + size < text.size() && size < 4 && (static_cast<unsigned char>(text[at + size]) & 0xC0) == 0x80)
    ++size;
  return static_cast<unsigned char>(text[at]) < 0x80 ? 1 : size;
}

Error bad_pattern(const std::string& option, std::string_view text, std::size_t parts) {
  const std::string form = parts == 3 ? "DB.TABLE.COLUMN" : "DB.TABLE";
  return usage_error(option + ": " + clean(text, 80) + " is not " + form +
                     "; * and ? are wildcards, and `…` quotes a name that holds a dot");
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The blanks of a list or of a careless quote: no name ends with one, and few begin with one.
bool has_blanks_around(std::string_view part) {
  return !part.empty() && (is_blank(part.front()) || is_blank(part.back()));
}

bool any_means(const std::vector<NamePattern>& patterns, const TableName& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const NamePattern& pattern) { return pattern.means_table(name); });
}

}  // namespace

NamePattern NamePattern::parse(const std::string& option, std::string_view text, std::size_t parts) {
  NamePattern pattern;
  pattern.text_ = text;
  pattern.parts_.emplace_back();
  const auto add_byte = [&](char c) {
    Part& part = pattern.parts_.back();
    if (part.empty() || part.back().kind != Piece::bytes) part.push_back({Piece::bytes, ""});
    part.back().text += c;
  };
  bool quoted = false, blanks = false;
  std::size_t began = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '`') {
      const bool doubled = quoted && i + 1 < text.size() && text[i + 1] == '`';
      if (doubled)
        add_byte(text[i++]);
      else
        quoted = !quoted;
    } else if (quoted || (c != '.' && c != '*' && c != '?')) {
      add_byte(c);
    } else if (c == '.') {
      blanks = blanks || has_blanks_around(text.substr(began, i - began));
      began = i + 1;
      pattern.parts_.emplace_back();
    } else {
      pattern.parts_.back().push_back({c == '*' ? Piece::any_run : Piece::one, ""});
    }
  }
  const bool empty_part = std::any_of(pattern.parts_.begin(), pattern.parts_.end(),
                                      [](const Part& part) { return part.empty(); });
  if (quoted || empty_part || pattern.parts_.size() != parts) throw bad_pattern(option, text, parts);
  if (blanks || has_blanks_around(text.substr(began)))
    throw usage_error(option + ": a name in " + quote(text, 80) +
                      " begins or ends with a blank; `…` quotes a name that begins with one");
  if (parts == 3) pattern.fold_columns();
  return pattern;
}

void NamePattern::fold_columns() {
  for (Piece& piece : parts_.at(2)) piece.text = folded_column(piece.text);
}

bool NamePattern::part_matches(const Part& part, std::string_view name) {
  // The last * seen is the only one that ever needs another try.
  std::size_t piece = 0, at = 0, retry_piece = part.size(), retry_at = 0;
  while (at < name.size() || piece < part.size()) {
    if (piece < part.size()) {
      const Piece& p = part[piece];
      if (p.kind == Piece::any_run) {
        retry_piece = piece++;
        retry_at = at;
        continue;
      }
      if (p.kind == Piece::bytes && name.substr(at).starts_with(p.text)) {
        at += p.text.size();
        ++piece;
        continue;
      }
      if (p.kind == Piece::one && at < name.size()) {
        at += character_size(name, at);
        ++piece;
        continue;
      }
    }
    if (retry_piece == part.size() || retry_at >= name.size()) return false;
    at = ++retry_at;
    piece = retry_piece + 1;
  }
  return true;
}

bool NamePattern::matches(const std::vector<std::string_view>& names) const {
  return names.size() == parts_.size() && begins_with(names);
}

bool NamePattern::means_column(const TableName& name, std::string_view column) const {
  const std::string folded = folded_column(column);
  return matches({name.database, name.table, folded});
}

bool NamePattern::begins_with(const std::vector<std::string_view>& names) const {
  if (names.size() > parts_.size()) return false;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!part_matches(parts_[i], names[i])) return false;
  return true;
}

bool NamePattern::part_is_literal(const Part& part) {
  return part.size() == 1 && part[0].kind == Piece::bytes;
}

bool NamePattern::literal() const { return std::all_of(parts_.begin(), parts_.end(), part_is_literal); }

std::optional<std::string> NamePattern::database() const {
  if (!part_is_literal(parts_[0])) return std::nullopt;
  return parts_[0][0].text;
}

TableName NamePattern::table() const { return {parts_.at(0).at(0).text, parts_.at(1).at(0).text}; }

TableSelection::TableSelection(const std::vector<std::string>& tables,
                               const std::vector<std::string>& ignored_tables,
                               const std::vector<std::string>& ignored_columns) {
  for (const std::string& text : tables) tables_.push_back(NamePattern::parse("--table", text, 2));
  for (const std::string& text : ignored_tables)
    ignored_tables_.push_back(NamePattern::parse("--ignore-table", text, 2));
  for (const std::string& text : ignored_columns)
    ignored_columns_.push_back(NamePattern::parse("--ignore-column", text, 3));
}

bool TableSelection::selects(const TableName& name) const {
  return !is_system_database(name.database) && any_means(tables_, name) && !any_means(ignored_tables_, name);
}

bool TableSelection::leaves_out(const TableName& name) const {
  return !is_system_database(name.database) && any_means(tables_, name) && any_means(ignored_tables_, name);
}

bool TableSelection::ignores(const TableName& name, std::string_view column) const {
  return std::any_of(ignored_columns_.begin(), ignored_columns_.end(),
                     [&](const NamePattern& pattern) { return pattern.means_column(name, column); });
}

bool TableSelection::ignores_some_of(const TableName& name) const {
  return std::any_of(ignored_columns_.begin(), ignored_columns_.end(),
                     [&](const NamePattern& pattern) { return pattern.means_table(name); });
}

bool TableSelection::ranges_over(std::string_view database) const {
  const auto all_of_it = [&](const NamePattern& pattern) {
    return pattern.matches({database, "evenkeel_no_such_name"});
  };
  return std::any_of(tables_.begin(), tables_.end(),
                     [&](const NamePattern& pattern) {
                       return !pattern.literal() && pattern.begins_with({database});
                     }) &&
         std::none_of(ignored_tables_.begin(), ignored_tables_.end(), all_of_it);
}

bool TableSelection::ranges_over_databases() const {
  return std::any_of(tables_.begin(), tables_.end(),
                     [](const NamePattern& pattern) { return !pattern.database().has_value(); });
}

std::vector<TableName> TableSelection::named() const {
  std::vector<TableName> names;
  for (const NamePattern& pattern : tables_)
    if (pattern.literal() && selects(pattern.table())) names.push_back(pattern.table());
  return names;
}

bool is_system_database(std::string_view database) {
  const std::string name = lower(database);
  return name == "mysql" || name == "information_schema" || name == "performance_schema" || name == "sys";
}

}  // namespace evenkeel::table_sync
