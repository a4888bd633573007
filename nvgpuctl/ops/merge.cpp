// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/merge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/guest_facts.hpp"
#include "core/text_diff.hpp"
#include "ops/lint.hpp"
#include "ops/schema_check.hpp"

namespace nvgpuctl {
namespace {

// The difference without that of serialising.
Result<> fill_diff(const DomainText& source, DomainChange& change) {
  if (!change.changed) {
    return {};
  }
  const auto before = normalised_domain(source.text, source.name);
  if (!before) {
    return forward_error(before);
  }
  change.diff = unified_diff(*before, change.after, source.name,
                             source.name + " (changed)");
  return {};
}

Result<> fill_schema(const RootDir& root, const std::string& schema,
                     const std::string& plain, DomainChange& change) {
  const auto check = check_schema(root, schema, change.after);
  if (!check) {
    return forward_error(check);
  }
  change.validated = check->validated;
  change.schema_note = check->note;
  if (check->violations.empty()) {
    return {};
  }
  const auto before = check_schema(root, schema, plain);
  if (!before) {
    return forward_error(before);
  }
  if (before->violations.empty()) {
    return fail(Errc::malformed, change.domain,
                fmt::format("{} refuses what merge made of it: {}", check->file,
                            check->violations),
                "this is a bug of nvgpuctl, or the schema is not libvirt's; "
                "please report it");
  }
  change.schema_note =
      fmt::format("{} refused the domain before the merge, too: {}",
                  check->file, before->violations);
  return {};
}

// GPUs of the host that somebody else has put into the domain. What is known of
// none of their memory, nothing can be computed from.
std::vector<const Gpu*> gpus_beside(const Inventory& inventory,
                                    const Domain& domain,
                                    const std::vector<const Gpu*>& chosen) {
  std::vector<const Gpu*> gpus;
  for (const Gpu& gpu : inventory.gpus) {
    const bool there =
        std::ranges::find(domain.hostdevs, gpu.pci.address,
                          &DomainHostdev::source) != domain.hostdevs.end();
    if (there && gpu.plan && std::ranges::count(chosen, &gpu) == 0) {
      gpus.push_back(&gpu);
    }
  }
  return gpus;
}

// What merge has warned of itself.
bool is_said(std::string_view id) {
  constexpr std::array<std::string_view, 3> kSaid{
      "gpu-blocked", "memory-over-host", "smmu-emulated"};
  return std::ranges::find(kSaid, id) != kSaid.end();
}

// What `xml lint` will say of the result: merge adds to what is there and does
// not correct it.
Result<> warn_of_findings(const RootDir& root, const Inventory& inventory,
                          const GenerateOptions& options,
                          DomainChange& change) {
  LintOptions lint_options;
  lint_options.libvirt = options.libvirt;
  lint_options.qemu = options.qemu;
  lint_options.against_schema = false;  // fill_schema() does that
  const auto linted =
      lint(root, inventory, {change.domain, change.after}, lint_options);
  if (!linted) {
    return forward_error(linted);
  }
  for (const LintFinding& finding : linted->lint.findings) {
    if (finding.rule->severity != LintSeverity::remark &&
        !is_said(finding.rule->id)) {
      change.warnings.push_back(
          fmt::format("{} ({}): {}; {}", finding.rule->title, finding.rule->id,
                      finding.seen, finding.fix));
    }
  }
  return {};
}

}  // namespace

Result<DomainChange> merge(const RootDir& root, const Inventory& inventory,
                           const std::vector<std::size_t>& gpus,
                           const GenerateOptions& options,
                           const DomainText& source) {
  auto base = open_for_merge(source.text, source.name);
  if (!base) {
    return forward_error(base);
  }
  const auto chosen = gpus_at(inventory, gpus);
  auto request =
      plan_request(inventory, chosen, options, host_nodes_of(base->room));
  if (!request) {
    return forward_error(request);
  }
  auto followed =
      follow_policy(root, chosen, options, base->domain.name, *request);
  if (!followed) {
    return forward_error(followed);
  }
  auto beside = describe_guest(inventory.host,
                               gpus_beside(inventory, base->domain, chosen));
  if (!beside) {
    return forward_error(beside);
  }
  request->more_gpus = std::move(beside->gpus);
  const std::string plain = base->plain;
  auto merged = merge_domain(std::move(*base), *request);
  if (!merged) {
    return forward_error(merged);
  }
  DomainChange change{.domain = source.name,
                      .before = source.text,
                      .after = std::move(merged->xml),
                      .diff = {},
                      .changed = merged->changed,
                      .gpus = {},
                      .values = std::move(merged->values),
                      .warnings = std::move(merged->warnings),
                      .schema_note = {},
                      .validated = false,
                      .profile = std::string(to_string(request->profile)),
                      .pieces = std::move(merged->pieces)};
  for (const Gpu* gpu : chosen) {
    change.gpus.push_back(gpu->pci.address);
  }
  warn_of_blocked(chosen, change.warnings);
  auto warned = warn_of_findings(root, inventory, options, change);
  if (!warned) {
    return forward_error(warned);
  }
  if (auto ok = fill_diff(source, change); !ok) {
    return forward_error(ok);
  }
  if (auto ok = fill_schema(root, options.schema, plain, change); !ok) {
    return forward_error(ok);
  }
  return change;
}

Result<DomainChange> unmerge(const DomainText& source) {
  auto unmerged = unmerge_domain(source.text, source.name);
  if (!unmerged) {
    return forward_error(unmerged);
  }
  DomainChange change;
  change.domain = source.name;
  change.before = source.text;
  change.after = std::move(unmerged->xml);
  change.changed = unmerged->changed;
  change.gpus = std::move(unmerged->gpus);
  if (auto ok = fill_diff(source, change); !ok) {
    return forward_error(ok);
  }
  return change;
}

Result<> define_change(const DomainChange& change,
                       const LibvirtService& service) {
  const auto read_back = define_domain(
      {.old_xml = change.before, .new_xml = change.after, .validate = true},
      service);
  if (!read_back) {
    return forward_error(read_back);
  }
  const auto missing = missing_parts(change.after, *read_back);
  if (!missing) {
    return forward_error(missing);
  }
  if (missing->empty()) {
    return {};
  }
  const auto restored = define_domain(
      {.old_xml = *read_back, .new_xml = change.before, .validate = false},
      service);
  return fail(Errc::unsupported, change.domain,
              fmt::format("libvirt dropped what it does not know: {}",
                          fmt::join(*missing, ", ")),
              restored ? "the old definition is back; does --libvirt name this "
                         "host's version?"
                       : "and the old definition could not be put back: " +
                             restored.error().problem);
}

}  // namespace nvgpuctl
