// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/layout.hpp"
#include "cli/output_json.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "core/emit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {

Result<ExitCode> run_emit(Context& context, const Arguments& arguments) {
  if (arguments.operands.empty()) {
    return fail(Errc::usage, "command line", "no target given",
                fmt::format("there is: {}", fmt::join(kEmitTargetNames, ", ")));
  }
  // The parser has let through no other name.
  const auto* target = std::find_if(
      kEmitTargets.begin(), kEmitTargets.end(), [&](const EmitTarget& row) {
        return row.name == arguments.operands.front();
      });
  // All GPUs, read as `list -o json` reads them, so that no two verbs disagree.
  const auto selection =
      select(context, Arguments{}, kToShow, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const auto& inventory = selection->inventory;
  const auto emission = target->build(inventory.host, inventory.gpus);
  if (!emission) {
    return forward_error(emission);
  }
  print_no_gpu(context, *selection);
  if (wants_document(context)) {
    print_document(context, "Emission", emission_json(*target, *emission));
    return ExitCode::done;
  }
  context.out << emission->text;
  for (const auto& warning : emission->warnings) {
    print_prose(context.err, context.width, "warning: ", warning);
  }
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
