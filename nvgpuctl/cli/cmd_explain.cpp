// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"

#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {
namespace {

void print_explanations(Context& context, const Selection& selection) {
  const auto& gpus = selection.inventory.gpus;
  if (wants_document(context)) {
    std::vector<Json> items;
    for (const auto index : selection.gpus) {
      items.push_back(explanation_json(selection.inventory.host, gpus[index]));
    }
    print_list(context, "Explanation", items);
    return;
  }
  for (const auto index : selection.gpus) {
    context.out << (index == selection.gpus.front() ? "" : "\n");
    print_explanation(context, selection.inventory.host, gpus[index]);
  }
}

// The worst of all: a GPU that somebody has to look at outweighs one that
// cannot be had, and a GPU that cannot be had outweighs one that can be had
// without its memory.
ExitCode worst(const Selection& selection) {
  ExitCode code = ExitCode::done;
  for (const auto index : selection.gpus) {
    const auto state = selection.inventory.gpus[index].state;
    if (state == GpuState::needs_operator) {
      return ExitCode::needs_operator;
    }
    if (state == GpuState::blocked) {
      code = ExitCode::not_viable;
    } else if (state == GpuState::degraded && code == ExitCode::done) {
      code = ExitCode::degraded;
    }
  }
  return code;
}

}  // namespace

Result<ExitCode> run_explain(Context& context, const Arguments& arguments) {
  auto selection = select(context, arguments, kToShow, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  print_no_gpu(context, *selection);
  print_explanations(context, *selection);
  return worst(*selection);
}

}  // namespace nvgpuctl::cli
