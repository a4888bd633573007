// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/validate.hpp"

#include "cli/select.hpp"
#include "cli/validate_outcome.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"
#include "host/host_lock.hpp"

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

// A domain that starts must not find the device open, nor one that is opened
// be given another driver. Without root there is no lock to be had, and no
// device to be opened.
Result<std::optional<HostLock>> lock_device(const RootDir& root,
                                            const Gpu& gpu) {
  constexpr std::chrono::seconds kWait{10};
  if (!root.live() || !has_vfio_driver(gpu)) {
    return std::nullopt;
  }
  auto lock = HostLock::take(root, kWait);
  if (!lock) {
    return lock.error().code == Errc::locked
               ? Result<std::optional<HostLock>>(forward_error(lock))
               : std::nullopt;
  }
  auto free = check_device_free(root, gpu);
  if (!free) {
    return forward_error(free);
  }
  return std::move(*lock);
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
      context, inventory, selection->gpus,
      [&](std::size_t index) -> Result<Validation> {
        const auto& gpu = inventory.gpus[index];
        const auto lock = lock_device(root, gpu);
        if (!lock) {
          return forward_error(lock);
        }
        const auto name = to_string(gpu.pci.address) + ": ";
        return validate(root, inventory, index, vfio,
                        {waiting(context, name), *write_test});
      });
}

}  // namespace nvgpuctl::cli
