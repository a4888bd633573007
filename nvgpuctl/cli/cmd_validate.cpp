// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/validate.hpp"

#include <thread>

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

// The host as it is while nobody can change it.
struct Held {
  HostLock lock;
  Inventory inventory;
};

// A domain that starts must not find the device open, nor one that is opened
// be given another driver. Nothing where no device will be opened: without root
// there is no lock to be had either.
Result<std::optional<Held>> hold(const RootDir& root, const Gpu& gpu) {
  constexpr std::chrono::seconds kWait{10};
  if (!root.live() || !has_vfio_driver(gpu)) {
    return std::nullopt;
  }
  auto lock = HostLock::take(root, kWait);
  if (!lock) {
    return lock.error().code == Errc::locked
               ? Result<std::optional<Held>>(forward_error(lock))
               : std::nullopt;
  }
  // Whoever was waited for may have changed it.
  auto inventory = take_inventory(root, kToJudge);
  if (!inventory) {
    return forward_error(inventory);
  }
  const auto* now = find_gpu(*inventory, gpu.pci.address);
  if (now == nullptr) {
    return fail(Errc::no_such_gpu, to_string(gpu.pci.address),
                "is not there any more");
  }
  auto free = check_device_free(root, *now);
  if (!free) {
    return forward_error(free);
  }
  return Held{std::move(*lock), std::move(*inventory)};
}

// Others look for the lock every few milliseconds, and must have their turn.
void let_others_go_first() {
  constexpr std::chrono::milliseconds kPause{100};
  std::this_thread::sleep_for(kPause);
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
        if (root.live() && index != selection->gpus.front()) {
          let_others_go_first();
        }
        const auto held = hold(root, gpu);
        if (!held) {
          return forward_error(held);
        }
        const auto& now = *held ? (*held)->inventory : inventory;
        const auto place = find_gpu(now, gpu.pci.address) - now.gpus.data();
        const auto name = to_string(gpu.pci.address) + ": ";
        return validate(root, now, static_cast<std::size_t>(place), vfio,
                        {waiting(context, name), *write_test});
      });
}

}  // namespace nvgpuctl::cli
