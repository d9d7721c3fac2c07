#include "summary.h"

#include "evenkeel/text.h"

namespace evenkeel {

namespace {

// Each finding gets a fair part of the line, so that a long error text does not hide the next one.
constexpr std::size_t max_finding_bytes = 320;

void append(Summary& summary, const std::string& text) {
  if (!summary.text.empty()) summary.text += "; ";
  summary.text += text;
}

}  // namespace

std::string finding_text(const Finding& finding, std::size_t max_bytes) {
  const std::string text = clean(finding.text, max_bytes);
  return finding.target.empty() ? text : clean(finding.target, 200) + ": " + text;
}

Summary summarise(const Report& report) {
  Summary summary;
  const Status status = report.status();
  if (report.findings().empty()) summary.text = "nothing was checked";
  if (status == Status::ok && !report.ok_summary().empty()) {
    summary.text = clean(report.ok_summary(), max_finding_bytes);
  } else {
    for (const Finding& finding : report.sorted_findings()) {
      if (status != Status::ok && finding.status == Status::ok) continue;
      if (summary.text.size() <= max_summary_bytes) append(summary, finding_text(finding, max_finding_bytes));
      if (finding.text.size() > max_finding_bytes) summary.cut = true;
    }
  }
  for (const std::string& remark : report.remarks()) append(summary, clean(remark, max_finding_bytes));
  if (summary.text.size() > max_summary_bytes) {
    summary.text = shorten(summary.text, max_summary_bytes);
    summary.cut = true;
  }
  return summary;
}

}  // namespace evenkeel
