// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "cli/output_json.hpp"
#include "core/json_values.hpp"

namespace nvgpuctl::cli {
namespace {

Json findings_json(const std::vector<LintFinding>& findings) {
  Json json = Json::array();
  for (const auto& finding : findings) {
    json.push_back({{"id", finding.rule->id},
                    {"theme", finding.rule->theme},
                    {"severity", to_string(finding.rule->severity)},
                    {"title", finding.rule->title},
                    {"xpath", text_or_null(finding.place.xpath)},
                    {"line", finding.place.line > 0 ? Json(finding.place.line)
                                                    : Json(nullptr)},
                    {"expected", text_or_null(finding.expected)},
                    {"seen", text_or_null(finding.seen)},
                    {"fix", text_or_null(finding.fix)},
                    {"safe_fix", finding.safe.has_value()},
                    {"reason", text_or_null(finding.reason)}});
  }
  return json;
}

}  // namespace

Json lint_json(const LintedDomain& domain) {
  Json gpus = Json::array();
  for (const auto& address : domain.lint.gpus) {
    gpus.push_back(to_string(address));
  }
  Json fixed = nullptr;
  if (domain.fixed) {
    fixed = {{"xml", *domain.fixed}, {"findings", findings_json(domain.left)}};
  }
  const auto worst = worst_of(domain.lint.findings);
  return {{"source", domain.source},
          {"name", text_or_null(domain.name)},
          {"gpus", gpus},
          {"worst", worst ? Json(to_string(*worst)) : Json(nullptr)},
          {"findings", findings_json(domain.lint.findings)},
          {"left_out", domain.lint.left_out},
          {"schema_note", text_or_null(domain.schema_note)},
          {"fixed", fixed}};
}

}  // namespace nvgpuctl::cli
