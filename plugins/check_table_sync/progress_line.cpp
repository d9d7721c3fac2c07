#include "progress_line.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "evenkeel/text.h"

namespace evenkeel::table_sync {

namespace {

void print(const std::string& text) { (void)!write(STDERR_FILENO, text.data(), text.size()); }

}  // namespace

ProgressLine::ProgressLine(const Progress& progress, const std::vector<TableReading>& tables)
    : progress_(progress), tables_(tables.size()), terminal_(isatty(STDERR_FILENO) == 1) {
  for (const TableReading& table : tables) rows_expected_ += table.weight;
}

ProgressLine::~ProgressLine() {
  if (shown_) print("\r\x1b[K");
}

void ProgressLine::show() {
  if (!terminal_) return;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began_;
  const double rows = static_cast<double>(progress_.rows);
  const double speed = rows / std::max(taken.count(), 0.001);
  std::string text = "table " + std::to_string(std::min<std::size_t>(progress_.tables_done + 1, tables_)) +
                     " of " + std::to_string(tables_) + ", " + format_number(rows, 0) + " rows, " +
                     format_number(speed, 0) + " rows/s";
  if (speed > 0 && rows_expected_ > rows)
    text += ", about " +
            format_seconds(static_cast<double>(static_cast<long>((rows_expected_ - rows) / speed))) + " left";
  print("\r" + text + "\x1b[K");
  shown_ = true;
}

}  // namespace evenkeel::table_sync
