// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"

#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {

Result<ExitCode> run_show(Context& context, const Arguments& arguments) {
  auto selection =
      select(context, arguments, kToChange, Operands::required_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const auto& inventory = selection->inventory;
  const auto& gpus = selection->gpus;
  if (wants_document(context)) {
    std::vector<Json> items;
    for (const auto index : gpus) {
      items.push_back(gpu_json(inventory.host, inventory.gpus[index]));
    }
    print_list(context, "Gpu", items);
    return ExitCode::done;
  }
  for (const auto index : gpus) {
    context.out << (index == gpus.front() ? "" : "\n");
    print_gpu(context, inventory.host, inventory.gpus[index]);
  }
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
