#include <cmath>
#include <nlohmann/json.hpp>

#include "evenkeel/render.h"
#include "evenkeel/text.h"
#include "summary.h"

namespace evenkeel {

namespace {

using Json = nlohmann::ordered_json;

// The library writes small numbers with an exponent; ours are plain decimals. They travel as strings
// that begin with a control character, which no cleaned text can hold, and lose their quotes at the end.
constexpr char number_mark = '\x01';
constexpr std::string_view escaped_mark = "\"\\u0001";

Json number(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return std::string(1, number_mark) + format_number(*value);
}

Json range(const std::optional<Range>& value) {
  if (!value) return nullptr;
  return value->str();
}

void unquote_numbers(std::string& text) {
  for (std::size_t at = 0; (at = text.find(escaped_mark, at)) != std::string::npos;) {
    text.erase(at, escaped_mark.size());
    text.erase(text.find('"', at), 1);
  }
}

Json findings(const Report& report) {
  Json list = Json::array();
  for (const Finding& finding : report.sorted_findings())
    list.push_back({{"state", to_string(finding.status)},
                    {"target", clean(finding.target, 200)},
                    {"text", clean(finding.text, 2000)}});
  return list;
}

Json metrics(const Report& report, const RenderStyle& style) {
  const Labels labels(report, style.instance_labels);
  Json list = Json::array();
  for (const auto& [metric, thresholds] : report.metrics()) {
    if (!metric.value) continue;
    list.push_back({{"label", labels.of(metric)},
                    {"name", metric.name},
                    {"instance", clean(metric.instance(), 200)},
                    {"value", number(metric.value)},
                    {"unit", metric.unit},
                    {"warning", range(thresholds.warning)},
                    {"critical", range(thresholds.critical)},
                    {"min", number(metric.min)},
                    {"max", number(metric.max)}});
  }
  return list;
}

Json trace(const Report& report) {
  Json list = Json::array();
  for (const TraceLine& line : report.trace_lines())
    list.push_back({{"target", clean(line.target, 200)}, {"text", clean(line.text)}});
  return list;
}

}  // namespace

std::string render_json(std::string_view plugin, std::string_view version, const Report& report,
                        const RenderStyle& style) {
  const Status status = report.status();
  Json facts = Json::object();
  for (const auto& [name, value] : report.facts()) facts[clean(name, 200)] = clean(value);
  Json object{{"plugin", plugin},
              {"version", version},
              {"state", to_string(status)},
              {"exit_code", static_cast<int>(status)},
              {"summary", summarise(report).text},
              {"findings", findings(report)},
              {"metrics", metrics(report, style)},
              {"facts", std::move(facts)}};
  if (style.verbosity >= 3) object["trace"] = trace(report);
  std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  unquote_numbers(text);
  return text;
}

}  // namespace evenkeel
