// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"

#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {
namespace {

// For completion scripts: nothing but addresses, and nothing more is read than
// they take.
Result<ExitCode> list_addresses(Context& context, const RootDir& root) {
  auto inventory = take_inventory(root, {});
  if (!inventory) {
    return forward_error(inventory);
  }
  for (const auto& gpu : inventory->gpus) {
    context.out << to_string(gpu.pci.address) << '\n';
  }
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_list(Context& context, const Arguments& arguments) {
  if (arguments.has("--addresses")) {
    if (wants_document(context)) {
      return fail(Errc::usage, "--addresses",
                  "prints addresses and no document",
                  "leave one of --addresses and -o out");
    }
    auto root = RootDir::open(context.root);
    if (!root) {
      return forward_error(root);
    }
    return list_addresses(context, *root);
  }
  // The short table does not show who uses a GPU, which takes the longest.
  const bool brief = context.format == Format::table;
  auto selection = select(context, arguments, brief ? kToJudge : kToShow,
                          Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const auto& inventory = selection->inventory;
  print_no_gpu(context, *selection);
  if (wants_document(context)) {
    std::vector<Json> items;
    for (const auto& gpu : inventory.gpus) {
      items.push_back(gpu_json(inventory.host, gpu));
    }
    print_list(context, "Gpu", items);
  } else if (!inventory.gpus.empty()) {
    print_gpu_table(context, inventory.gpus);
  }
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
