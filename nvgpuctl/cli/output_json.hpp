// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "cli/output.hpp"
#include "core/bind_plan.hpp"
#include "core/boot_facts.hpp"
#include "core/check.hpp"
#include "core/emit.hpp"
#include "core/gpu.hpp"
#include "core/host_snapshot.hpp"
#include "ops/bind.hpp"
#include "ops/generate.hpp"
#include "ops/lint.hpp"
#include "ops/merge.hpp"
#include "ops/recovery.hpp"
#include "ops/transaction.hpp"
#include "ops/validate.hpp"

// Values as documents; schemas/ describes every one of them. Integers are raw,
// with their unit in the name. What is not known is null, never left out.

namespace nvgpuctl::cli {

// Who uses it; null where that was not looked at.
Json holders_json(const Gpu& gpu);
Json gpu_json(const HostSnapshot& host, const Gpu& gpu);
Json explanation_json(const HostSnapshot& host, const Gpu& gpu);
Json validation_json(const Gpu& gpu, const Validation& validation);
Json bind_plan_json(const BindPlan& plan);
// `state` is the GPU's after the change; nothing when it could not be read.
Json bind_report_json(const ChangeReport& change,
                      std::optional<GpuState> state);
Json recovery_json(const Recovery& recovery);
Json domain_json(const std::vector<PciAddress>& gpus,
                 const GenerateOptions& options, const Generated& generated);
Json lint_json(const LintedDomain& domain);
Json domain_change_json(const DomainChange& change, bool defined);
Json check_sections_json(const std::vector<CheckSection>& sections);
Json host_report_json(const HostSnapshot& host, const std::vector<Gpu>& gpus,
                      const std::vector<CheckSection>& sections);
// Of `doctor --boot`; `sections` are those of check_boot().
Json boot_report_json(const HostSnapshot& host, const std::vector<Gpu>& gpus,
                      const BootFacts& facts,
                      const std::vector<CheckSection>& sections);
Json emission_json(const EmitTarget& target, const Emission& emission);
Json version_json();

}  // namespace nvgpuctl::cli
