#include "comparison_plan.h"

#include <cinttypes>
#include <cstdio>

namespace evenkeel::table_sync {

namespace {

// FNV-1a: only to notice a change, never against anyone.
void add(std::uint64_t& hash, const std::string& text) {
  for (const char c : text + '\0') {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211u;
  }
}

}  // namespace

std::string ComparisonPlan::fingerprint() const {
  std::uint64_t hash = 14695981039346656037u;
  add(hash, table.database);
  add(hash, table.table);
  for (const ComparedColumn& column : columns) {
    add(hash, column.name);
    add(hash, std::to_string(static_cast<int>(column.encoding)) + "," + std::to_string(column.scale) +
                  (column.nullable ? ",null" : ""));
  }
  for (const KeyColumn& column : key) {
    add(hash, column.name);
    add(hash, std::to_string(static_cast<int>(column.kind)) + "," + column.charset);
  }
  add(hash, where);
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, hash);
  return text;
}

}  // namespace evenkeel::table_sync
