// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/domain_lint.hpp"
#include "core/guest_view.hpp"
#include "core/policy_match.hpp"

// The rules of lint_domain(), one function per theme. Not for others.

namespace nvgpuctl {

// What was wanted, what there is, and what to do, each for people.
struct LintText {
  std::string expected;
  std::string seen;
  std::string fix;
};

struct LintInput {
  const Domain& domain;
  const GuestView& view;
  const LintTarget& target;

  const HostSnapshot& host() const { return *target.host; }
  // False when its version is not known.
  bool libvirt_before(const Version& version) const {
    return target.libvirt && target.libvirt->value < version;
  }
  bool qemu_before(const Version& version) const {
    return target.qemu && target.qemu->value < version;
  }
};

// Collects findings. Ids must be in the table.
class LintWriter {
 public:
  // Returns the finding, for its reason or its safe fix.
  LintFinding& add(std::string_view id, XmlPlace place, LintText text);

  std::vector<LintFinding> take() { return std::move(findings_); }

 private:
  std::vector<LintFinding> findings_;
};

// Names a GPU of the domain: "0009:01:00.0".
std::string name_of(const GuestViewGpu& gpu);

// What the host's policy says of it; nothing where either is not known.
PolicyRule rule_of(const LintInput& input, const GuestViewGpu& gpu);

void lint_machine(const LintInput& input, LintWriter& out);
void lint_gpus(const LintInput& input, LintWriter& out);
void lint_drivers(const LintInput& input, LintWriter& out);
void lint_versions(const LintInput& input, LintWriter& out);
void lint_initiators(const LintInput& input, LintWriter& out);
void lint_cells(const LintInput& input, LintWriter& out);
void lint_distances(const LintInput& input, LintWriter& out);
void lint_window(const LintInput& input, LintWriter& out);
void lint_buses(const LintInput& input, LintWriter& out);
void lint_smmus(const LintInput& input, LintWriter& out);
void lint_smmu_values(const LintInput& input, LintWriter& out);
void lint_memory(const LintInput& input, LintWriter& out);
void lint_pages(const LintInput& input, LintWriter& out);
void lint_placement(const LintInput& input, LintWriter& out);

}  // namespace nvgpuctl
