// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"

// What the rows of commands() run, one file cmd_….cpp per group of verbs.

namespace nvgpuctl::cli {

Result<ExitCode> run_list(Context& context, const Arguments& arguments);
Result<ExitCode> run_show(Context& context, const Arguments& arguments);
Result<ExitCode> run_explain(Context& context, const Arguments& arguments);
Result<ExitCode> run_validate(Context& context, const Arguments& arguments);
Result<ExitCode> run_bind(Context& context, const Arguments& arguments);
Result<ExitCode> run_unbind(Context& context, const Arguments& arguments);
Result<ExitCode> run_recover(Context& context, const Arguments& arguments);
Result<ExitCode> run_apply(Context& context, const Arguments& arguments);
Result<ExitCode> run_diff(Context& context, const Arguments& arguments);
Result<ExitCode> run_assert(Context& context, const Arguments& arguments);
Result<ExitCode> run_export(Context& context, const Arguments& arguments);
Result<ExitCode> run_xml_generate(Context& context, const Arguments& arguments);
Result<ExitCode> run_xml_merge(Context& context, const Arguments& arguments);
Result<ExitCode> run_xml_unmerge(Context& context, const Arguments& arguments);
Result<ExitCode> run_xml_lint(Context& context, const Arguments& arguments);
Result<ExitCode> run_doctor(Context& context, const Arguments& arguments);
Result<ExitCode> run_monitor(Context& context, const Arguments& arguments);
Result<ExitCode> run_emit(Context& context, const Arguments& arguments);
Result<ExitCode> run_hook_qemu(Context& context, const Arguments& arguments);
Result<ExitCode> run_topology(Context& context, const Arguments& arguments);
Result<ExitCode> run_report(Context& context, const Arguments& arguments);
Result<ExitCode> run_hook_udev(Context& context, const Arguments& arguments);
Result<ExitCode> run_completion(Context& context, const Arguments& arguments);
Result<ExitCode> run_version(Context& context, const Arguments& arguments);

}  // namespace nvgpuctl::cli
