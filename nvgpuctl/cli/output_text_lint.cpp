// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "cli/layout.hpp"
#include "cli/output_text.hpp"

namespace nvgpuctl::cli {
namespace {

Cell severity_cell(LintSeverity severity) {
  switch (severity) {
    case LintSeverity::error:
      return {"ERROR", Style::bad};
    case LintSeverity::warning:
      return {"WARNING", Style::warn};
    case LintSeverity::remark:
      break;
  }
  return {"REMARK", Style::plain};
}

Cell verdict_cell(const std::vector<LintFinding>& findings) {
  const auto worst = worst_of(findings);
  return !worst || *worst == LintSeverity::remark ? Cell{"CLEAN", Style::good}
                                                  : severity_cell(*worst);
}

// "2 errors, 1 remark".
std::string tally(const std::vector<LintFinding>& findings) {
  constexpr std::array kAll{LintSeverity::error, LintSeverity::warning,
                            LintSeverity::remark};
  std::string text;
  for (const auto severity : kAll) {
    const auto count =
        std::ranges::count_if(findings, [severity](const auto& finding) {
          return finding.rule->severity == severity;
        });
    if (count > 0) {
      text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count,
                          to_string(severity), count == 1 ? "" : "s");
    }
  }
  return text.empty() ? "nothing found" : text;
}

// Every path begins so.
std::string path_text(const XmlPlace& place) {
  constexpr std::string_view kRoot = "/domain/";
  return place.xpath.starts_with(kRoot) ? place.xpath.substr(kRoot.size())
                                        : place.xpath;
}

std::string line_text(const XmlPlace& place) {
  return place.line > 0 ? std::to_string(place.line) : "";
}

void print_findings(Context& context,
                    const std::vector<LintFinding>& findings) {
  Table table({"RESULT", "RULE", "LINE", "PLACE", "EXPECTED", "SEEN"});
  for (const auto& finding : findings) {
    table.add({severity_cell(finding.rule->severity),
               {std::string(finding.rule->id)},
               {line_text(finding.place)},
               {path_text(finding.place)},
               {finding.expected},
               {finding.seen}});
  }
  table.print(context, 2);
  context.out << '\n';
  // The same advice for several GPUs once.
  std::set<std::pair<std::string_view, std::string>> said;
  for (const auto& finding : findings) {
    if (!said.emplace(finding.rule->id, finding.fix).second) {
      continue;
    }
    const std::string reason =
        finding.reason.empty() ? "" : fmt::format(" ({})", finding.reason);
    print_prose(
        context.out, context.width, fmt::format("  {}: ", finding.rule->id),
        fmt::format("{}{}: {}{}", finding.rule->title, reason, finding.fix,
                    finding.safe ? " (--fix does it)" : ""));
  }
}

void note_left_out(Context& context, std::size_t count) {
  if (count > 0) {
    print_prose(context.err, context.width, "note: ",
                fmt::format("{} more, none of them worse, are left out; mend "
                            "these and lint again",
                            count));
  }
}

}  // namespace

void print_lint(Context& context, const LintedDomain& domain) {
  const auto& [gpus, findings, left_out] = domain.lint;
  context.out << paint(context, printable(domain.source), Style::strong);
  if (!domain.name.empty() && domain.name != domain.source) {
    context.out << "  " << printable(domain.name);
  }
  if (gpus.empty()) {
    context.out << "  has no Grace GPU\n";
    return;
  }
  const Cell verdict = verdict_cell(findings);
  context.out << "  " << paint(context, verdict.text, verdict.style) << "  ("
              << tally(findings) << ")\n";
  if (!findings.empty()) {
    context.out << '\n';
    print_findings(context, findings);
  }
  note_left_out(context, left_out);
  print_prose(context.err, context.width, "note: ", domain.schema_note);
}

void print_fixes(Context& context, const LintedDomain& domain) {
  const auto& findings = domain.lint.findings;
  if (domain.lint.gpus.empty()) {
    print_prose(context.err, context.width,
                "note: ", fmt::format("{} has no Grace GPU", domain.source));
  }
  for (const auto& finding : findings) {
    if (finding.safe) {
      print_prose(
          context.err, context.width, "fixed: ",
          fmt::format("{} in line {}: {}, was {}", finding.rule->id,
                      line_text(finding.place), finding.fix, finding.seen));
    }
  }
  for (const auto& finding : domain.left) {
    print_prose(context.err, context.width,
                fmt::format("{}: ", to_string(finding.rule->severity)),
                fmt::format("{} in line {}: {}; seen: {}; {}", finding.rule->id,
                            line_text(finding.place), finding.rule->title,
                            finding.seen, finding.fix));
  }
  note_left_out(context, domain.lint.left_out);
  print_prose(context.err, context.width, "note: ", domain.schema_note);
}

}  // namespace nvgpuctl::cli
