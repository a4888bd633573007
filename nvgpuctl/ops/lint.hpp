// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/domain_lint.hpp"
#include "host/root_dir.hpp"
#include "ops/domain_text.hpp"
#include "ops/inventory.hpp"

namespace nvgpuctl {

// Nothing means: as the host has it, or not known.
struct LintOptions {
  std::optional<Version> libvirt;
  std::optional<Version> qemu;
  std::optional<unsigned> guest_nodes;  // the most that the guest can have
  std::optional<bool> managed;          // what the site wants
  std::string schema;                   // path of domain.rng; "" for installed
  bool against_schema = true;
  bool fix = false;
};

struct LintedDomain {
  std::string source;
  std::string name;
  DomainLint lint;
  std::string
      schema_note;  // why it was not checked against a schema, or by which
  // With `fix`: the domain with all safe fixes, and what is left.
  std::optional<std::string> fixed;
  std::vector<LintFinding> left;
};

// Is the domain right for this host? Errors: no domain at all (malformed), a
// schema that was asked for and cannot be used.
Result<LintedDomain> lint(const RootDir& root, const Inventory& inventory,
                          const DomainText& text, const LintOptions& options);

}  // namespace nvgpuctl
