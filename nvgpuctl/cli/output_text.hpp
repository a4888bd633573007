// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "cli/command.hpp"
#include "core/check.hpp"
#include "core/gpu.hpp"
#include "core/host_snapshot.hpp"
#include "ops/lint.hpp"
#include "ops/transaction.hpp"
#include "ops/validate.hpp"

// Values as text for people, on context.out.

namespace nvgpuctl::cli {

void print_gpu_table(Context& context, const std::vector<Gpu>& gpus);
void print_gpu(Context& context, const HostSnapshot& host, const Gpu& gpu);
void print_explanation(Context& context, const HostSnapshot& host,
                       const Gpu& gpu);
void print_check_sections(Context& context,
                          const std::vector<CheckSection>& sections);
void print_validation(Context& context, const Gpu& gpu,
                      const Validation& validation);
void print_lint(Context& context, const LintedDomain& domain);
// On context.err: what was corrected, and what was not.
void print_fixes(Context& context, const LintedDomain& domain);
void print_bind_plan(Context& context, const BindPlan& plan);
void print_bind_report(Context& context, const ChangeReport& change);

}  // namespace nvgpuctl::cli
