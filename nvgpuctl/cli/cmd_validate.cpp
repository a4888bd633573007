// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/validate.hpp"

#include "cli/select.hpp"
#include "cli/validate_outcome.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"

namespace nvgpuctl::cli {
namespace {

Result<WriteTest> wanted_write_test(const Context& context,
                                    const Arguments& arguments) {
  const bool wanted = arguments.has("--write-test");
  const bool forced = arguments.has("--force");
  if (!wanted && forced) {
    return fail(Errc::usage, "--force", "is only for --write-test");
  }
  if (wanted && !forced) {
    return fail(Errc::usage, "--write-test", "writes to the GPU's memory",
                "say so with --force=write");
  }
  if (wanted && context.root != "/") {
    return fail(Errc::usage, context.root,
                "is a recorded host, which cannot be written to");
  }
  return wanted ? WriteTest::yes : WriteTest::no;
}

// All are looked at before the first device is opened.
Result<> check_all_free(const Selection& selection) {
  for (const auto index : selection.gpus) {
    auto free =
        check_device_free(selection.root, selection.inventory.gpus[index]);
    if (!free) {
      return forward_error(free);
    }
  }
  return {};
}

}  // namespace

Result<ExitCode> run_validate(Context& context, const Arguments& arguments) {
  const auto write_test = wanted_write_test(context, arguments);
  if (!write_test) {
    return forward_error(write_test);
  }
  auto selection =
      select(context, arguments, kToJudge, Operands::required_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const auto free = check_all_free(*selection);
  if (!free) {
    return forward_error(free);
  }
  const auto& root = selection->root;
  const auto& inventory = selection->inventory;
  KernelVfio vfio(root);
  return print_validations(
      context, inventory, selection->gpus, [&](std::size_t index) {
        const auto name = to_string(inventory.gpus[index].pci.address);
        return validate(root, inventory, index, vfio,
                        {waiting(context, name + ": "), *write_test});
      });
}

}  // namespace nvgpuctl::cli
