// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/lint.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "core/domain_edit.hpp"
#include "ops/policy_file.hpp"
#include "ops/schema_check.hpp"

namespace nvgpuctl {
namespace {

std::optional<Fact<Version>> version_of(
    const std::optional<Version>& option,
    const std::optional<Fact<Version>>& host) {
  return option ? std::optional(Fact<Version>{*option, Source::option}) : host;
}

// What the host has at the addresses of the domain's devices, where that is no
// Grace GPU.
std::map<PciAddress, std::string> other_functions(const RootDir& root,
                                                  const Inventory& inventory,
                                                  const Domain& domain) {
  std::vector<std::string> addresses;
  for (const DomainHostdev& hostdev : domain.hostdevs) {
    if (hostdev.source) {
      addresses.push_back(to_string(*hostdev.source));
    }
  }
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()),
                  addresses.end());
  const auto targets = selector_targets(root, inventory, addresses);
  return {targets.others.begin(), targets.others.end()};
}

// "line 12: text" in two parts; line 0 where there is none.
std::pair<long, std::string> split_message(const std::string& message) {
  constexpr std::string_view kLine = "line ";
  const auto colon = message.find(": ");
  long line = 0;
  if (message.starts_with(kLine) && colon != std::string::npos) {
    std::from_chars(message.data() + kLine.size(), message.data() + colon,
                    line);
  }
  return {line, line > 0 ? message.substr(colon + 2) : message};
}

// What one of our rules has said better already.
bool is_known(const DomainLint& lint, long line) {
  return std::ranges::any_of(lint.findings, [line](const LintFinding& found) {
    return (found.rule->id == "misspelt" || found.rule->id == "dropped") &&
           found.place.line == line;
  });
}

void add_messages(const SchemaVerdict& verdict, const std::string& file,
                  const Domain& domain, DomainLint& lint) {
  for (const std::string& message : verdict.messages) {
    auto [line, text] = split_message(message);
    if (line > 0 && is_known(lint, line)) {
      continue;
    }
    const XmlPlace place =
        line > 0 ? XmlPlace{"", line} : XmlPlace{domain.place};
    lint.findings.push_back(lint_finding(
        "schema", place, "what is in " + file, std::move(text),
        "correct it, or take it out; virsh define without --validate would "
        "drop it"));
  }
}

Result<std::string> judge_by_schema(const RootDir& root, const std::string& xml,
                                    const LintOptions& options,
                                    const Domain& domain, DomainLint& lint) {
  if (options.schema.empty() && options.libvirt) {
    return std::string(
        "not checked against a schema: the installed one is not that of "
        "--libvirt; --schema FILE names one");
  }
  const auto chosen = choose_schema(root, options.schema);
  if (!chosen) {
    return forward_error(chosen);
  }
  const auto& schema = *chosen;
  if (!schema) {
    return std::string(
        "not checked against a schema: there is no libvirt schema on this "
        "host; "
        "--schema FILE names one");
  }
  const auto verdict = validate_domain(xml, *schema);
  if (!verdict) {
    return forward_error(verdict);
  }
  if (verdict->outcome == SchemaVerdict::Outcome::too_old) {
    return fmt::format("not checked against {}: {}", schema->file,
                       fmt::join(verdict->messages, "; "));
  }
  add_messages(*verdict, schema->file, domain, lint);
  std::ranges::stable_sort(lint.findings, {}, [](const LintFinding& finding) {
    return finding.place.line;
  });
  return "checked against " + schema->file;
}

struct Judged {
  Domain domain;
  DomainLint lint;
  std::string schema_note;
};

Result<Judged> judge(const RootDir& root, const Inventory& inventory,
                     const DomainText& text, const LintOptions& options) {
  auto domain = read_domain(text.text, text.name);
  if (!domain) {
    return forward_error(domain);
  }
  const auto policy = read_policy(root);
  if (!policy) {
    return forward_error(policy);
  }
  const auto& facts = inventory.host.virtualization;
  const LintTarget target{.host = &inventory.host,
                          .gpus = &inventory.gpus,
                          .others = other_functions(root, inventory, *domain),
                          .libvirt = version_of(options.libvirt, facts.libvirt),
                          .qemu = version_of(options.qemu, facts.qemu),
                          .guest_nodes = options.guest_nodes,
                          .managed = options.managed,
                          .policy = &*policy};
  Judged out{std::move(*domain), {}, ""};
  out.lint = lint_domain(out.domain, target);
  if (out.lint.gpus.empty() || !options.against_schema) {
    return out;
  }
  auto note = judge_by_schema(root, text.text, options, out.domain, out.lint);
  if (!note) {
    return forward_error(note);
  }
  out.schema_note = std::move(*note);
  return out;
}

}  // namespace

Result<LintedDomain> lint(const RootDir& root, const Inventory& inventory,
                          const DomainText& text, const LintOptions& options) {
  auto judged = judge(root, inventory, text, options);
  if (!judged) {
    return forward_error(judged);
  }
  LintedDomain out{.source = text.name,
                   .name = judged->domain.name,
                   .lint = std::move(judged->lint),
                   .schema_note = std::move(judged->schema_note),
                   .fixed = {},
                   .left = {}};
  if (!options.fix) {
    return out;
  }
  std::vector<DomainEdit> edits;
  for (const LintFinding& finding : out.lint.findings) {
    if (finding.safe) {
      edits.push_back(*finding.safe);
    }
  }
  if (edits.empty()) {
    out.fixed = text.text;  // byte for byte
    out.left = out.lint.findings;
    return out;
  }
  auto fixed = edit_domain(text.text, text.name, edits);
  if (!fixed) {
    return forward_error(fixed);
  }
  const auto again = judge(root, inventory, {text.name, *fixed}, options);
  if (!again) {
    return forward_error(again);
  }
  out.fixed = std::move(*fixed);
  out.left = again->lint.findings;
  return out;
}

}  // namespace nvgpuctl
