// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "cli/host_change.hpp"
#include "cli/layout.hpp"
#include "cli/main_cli.hpp"
#include "cli/output_json.hpp"
#include "cli/verbs.hpp"

namespace nvgpuctl::cli {
namespace {

void print_recovery(Context& context, const Recovery& recovery) {
  if (wants_document(context)) {
    print_document(context, "RecoveryReport", recovery_json(recovery));
    return;
  }
  if (recovery.lines.empty()) {
    context.out << "nothing to recover\n";
  }
  for (const auto& line : recovery.lines) {
    print_prose(context.out, context.width, "", line);
  }
}

}  // namespace

Result<ExitCode> run_recover(Context& context, const Arguments& arguments) {
  auto root = RootDir::open(context.root);
  if (!root) {
    return forward_error(root);
  }
  const auto lock = take_lock(context, arguments, *root);
  if (!lock) {
    return forward_error(lock);
  }
  Modprobe modules(*root);
  const auto recovery = recover(*root, modules);
  print_recovery(context, recovery);
  if (recovery.failure) {
    print_error(context.err, *recovery.failure);
    return exit_code(recovery.failure->code);
  }
  for (const auto* errors : {&recovery.stuck, &recovery.left}) {
    for (const auto& error : *errors) {
      print_error(context.err, error);
    }
  }
  return !recovery.stuck.empty()  ? ExitCode::needs_operator
         : !recovery.left.empty() ? ExitCode::failed
                                  : ExitCode::done;
}

}  // namespace nvgpuctl::cli
