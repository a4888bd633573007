// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_lint.hpp"

#include <algorithm>
#include <cassert>
#include <set>

#include "core/domain_lint_rules.hpp"

namespace nvgpuctl {
namespace {

// A domain made to annoy has as many mistakes as lines.
constexpr std::size_t kMaxFindings = 500;

const LintRule& rule_of(std::string_view id) {
  const auto rules = lint_rules();
  const auto found = std::ranges::find(rules, id, &LintRule::id);
  assert(found != rules.end());
  return *found;
}

std::vector<PciAddress> addresses_of(const GuestView& view) {
  std::set<PciAddress> out;
  for (const GuestViewGpu& gpu : view.gpus) {
    if (gpu.hostdev->source) {
      out.insert(*gpu.hostdev->source);
    }
  }
  return {out.begin(), out.end()};
}

// Devices that the host has and that are no Grace GPU do not make a domain
// ours, whatever nodes they have.
bool has_grace_gpu(const GuestView& view, const LintTarget& target) {
  return std::ranges::any_of(view.gpus, [&](const GuestViewGpu& gpu) {
    return gpu.gpu != nullptr || !gpu.hostdev->source ||
           !target.others.contains(*gpu.hostdev->source);
  });
}

}  // namespace

std::string_view to_string(LintSeverity severity) {
  switch (severity) {
    case LintSeverity::error:
      return "error";
    case LintSeverity::warning:
      return "warning";
    case LintSeverity::remark:
      break;
  }
  return "remark";
}

LintFinding lint_finding(std::string_view id, XmlPlace place,
                         std::string expected, std::string seen,
                         std::string fix) {
  return {.rule = &rule_of(id),
          .place = std::move(place),
          .expected = std::move(expected),
          .seen = std::move(seen),
          .fix = std::move(fix),
          .reason = {}};
}

LintFinding& LintWriter::add(std::string_view id, XmlPlace place,
                             LintText text) {
  findings_.push_back(lint_finding(id, std::move(place),
                                   std::move(text.expected),
                                   std::move(text.seen), std::move(text.fix)));
  return findings_.back();
}

PolicyRule rule_of(const LintInput& input, const GuestViewGpu& gpu) {
  const auto* policy = input.target.policy;
  return policy == nullptr || gpu.gpu == nullptr ? PolicyRule{}
                                                 : rule_for(*policy, *gpu.gpu);
}

std::string name_of(const GuestViewGpu& gpu) {
  return gpu.hostdev->source ? to_string(*gpu.hostdev->source)
                             : "a GPU without an address";
}

DomainLint lint_domain(const Domain& domain, const LintTarget& target) {
  const GuestView view = view_guest(domain, *target.gpus);
  DomainLint out;
  if (!has_grace_gpu(view, target)) {
    return out;
  }
  out.gpus = addresses_of(view);
  const LintInput input{domain, view, target};
  LintWriter writer;
  for (const auto lint :
       {lint_machine, lint_gpus, lint_drivers, lint_versions, lint_initiators,
        lint_cells, lint_distances, lint_window, lint_buses, lint_smmus,
        lint_smmu_values, lint_memory, lint_pages, lint_placement}) {
    lint(input, writer);
  }
  out.findings = writer.take();
  if (out.findings.size() > kMaxFindings) {
    std::ranges::stable_sort(out.findings, {}, [](const LintFinding& finding) {
      return finding.rule->severity;
    });
    out.left_out = out.findings.size() - kMaxFindings;
    out.findings.resize(kMaxFindings);
  }
  std::ranges::stable_sort(out.findings, {}, [](const LintFinding& finding) {
    return finding.place.line;
  });
  return out;
}

std::optional<LintSeverity> worst_of(std::span<const LintFinding> findings) {
  std::optional<LintSeverity> worst;
  for (const LintFinding& finding : findings) {
    worst =
        std::min(worst.value_or(LintSeverity::remark), finding.rule->severity);
  }
  return worst;
}

}  // namespace nvgpuctl
