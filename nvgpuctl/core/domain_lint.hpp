// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/domain_edit.hpp"
#include "core/domain_model.hpp"
#include "core/fact.hpp"
#include "core/gpu.hpp"
#include "core/policy.hpp"
#include "core/version.hpp"

// Is a domain right for a host? Rules that look at both, for what libvirt takes
// without a word and QEMU or the guest then trips over.

namespace nvgpuctl {

enum class LintSeverity {
  error,    // does not start, or the guest does not get the GPU's memory
  warning,  // starts, and is slower or less than it could be
  remark,   // something to know; a domain with nothing else is clean
};
std::string_view to_string(LintSeverity severity);

// One row per thing that can be found. Ids are stable for ever, as those of
// checks are. docs/lint.md has the same rows; a test compares them.
struct LintRule {
  std::string_view id;     // "gi-count"
  std::string_view theme;  // "gpu", "numa", "pci", "smmu", "memory", "versions"
  LintSeverity severity = LintSeverity::error;
  std::string_view title;  // what is wrong, a sentence without a full stop
};
std::span<const LintRule> lint_rules();

struct LintFinding {
  const LintRule* rule = nullptr;
  XmlPlace place;
  std::string expected;
  std::string seen;
  std::string fix;                   // what to do
  std::string reason;                // id of the host's reason; may be empty
  std::optional<DomainEdit> safe{};  // the fix, where it cannot do harm
};

// The host that the domain is for, and what the operator says beside it.
struct LintTarget {
  const HostSnapshot* host = nullptr;
  const std::vector<Gpu>* gpus = nullptr;
  // Functions that the host has at addresses of the domain and that are no
  // Grace GPUs, with what they are: "10de:2330 is no Grace GPU".
  std::map<PciAddress, std::string> others{};
  std::optional<Fact<Version>> libvirt{};
  std::optional<Fact<Version>> qemu{};
  std::optional<unsigned> guest_nodes{};  // the most that its kernel can have
  std::optional<bool> managed{};          // what the site wants
  const Policy* policy = nullptr;         // the same for each GPU, and more
};

struct DomainLint {
  std::vector<PciAddress> gpus;  // of the domain, also those that are not there
  std::vector<LintFinding> findings;  // by line
  std::size_t left_out = 0;           // the least severe, where there are many
};

// A domain without a Grace GPU has no findings.
DomainLint lint_domain(const Domain& domain, const LintTarget& target);

// For what others than our rules find, such as libvirt's schema. The id must be
// in the table.
LintFinding lint_finding(std::string_view id, XmlPlace place,
                         std::string expected, std::string seen,
                         std::string fix);

// The worst of all; nothing for a domain without findings.
std::optional<LintSeverity> worst_of(std::span<const LintFinding> findings);

}  // namespace nvgpuctl
