// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/driver_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "host/state_dir.hpp"
#include "ops/inventory.hpp"
#include "ops/refusal.hpp"

namespace nvgpuctl {
namespace {

// What was before a bind that a record of this boot tells of is still what the
// GPU goes back to, as long as nobody has given it to another driver since.
// Also of one that was pulled and comes back, who was stopped for it is
// remembered.
OriginRecord origin_of_bind(const RootDir& root, const Gpu& gpu,
                            const std::string& variant,
                            const Signature& signature) {
  const auto known = valid_origin(root, gpu.pci.address, signature);
  if (known && gpu.pci.driver_override == variant) {
    return *known;
  }
  return {gpu.pci.address, driver_state(gpu.pci),         signature, {},
          false,           known ? known->quiet : Quiet{}};
}

// Where the writes of a plan lead to.
DriverState state_after(const BindPlan& plan, const DriverState& before) {
  DriverState after{plan.to, before.driver_override};
  for (const auto& step : plan.steps) {
    if (step.path.ends_with("/driver_override")) {
      after.driver_override = step.value == "\n"
                                  ? std::nullopt
                                  : std::optional<std::string>(step.value);
    }
  }
  return after;
}

}  // namespace

Result<> check_settled(const RootDir& root, const Gpu& gpu) {
  auto settled = check_not_hung(gpu);
  const auto path = stuck_journal_path(gpu.pci.address);
  if (settled && root.exists(path)) {
    return refuse("NVG-E075", Errc::needs_operator, to_string(gpu.pci.address),
                  path + " is still there");
  }
  return settled;
}

std::optional<OriginRecord> valid_origin(const RootDir& root,
                                         const PciAddress& gpu,
                                         const Signature& signature) {
  auto record = read_origin(root, gpu);
  if (!record || !*record ||
      (*record)->signature.boot_id != signature.boot_id) {
    return std::nullopt;
  }
  return std::move(*record);
}

Result<Change> change_to_variant(const RootDir& root, const HostSnapshot& host,
                                 const Gpu& gpu, const Signature& signature,
                                 const std::optional<UseRules>& rules) {
  const auto settled = check_settled(root, gpu);
  if (!settled) {
    return forward_error(settled);
  }
  // What makes a bind impossible comes first: nobody is stopped in vain.
  auto plan = plan_bind(
      host, gpu, rules ? OnlineMemory::goes_offline : OnlineMemory::blocks);
  if (!plan) {
    return forward_error(plan);
  }
  const auto before = driver_state(gpu.pci);
  const auto known = valid_origin(root, gpu.pci.address, signature);
  JournalGpu record{gpu.pci.address, {before, false, known}, {}};
  record.after = {state_after(*plan, before), false, known};
  if (plan->steps.empty()) {
    return Change{std::move(*plan), std::move(record)};
  }
  const auto quiet = rules ? judge_use(gpu, *rules) : Result<Quiet>(Quiet{});
  if (!quiet) {
    return forward_error(quiet);
  }
  record.after.origin = origin_of_bind(root, gpu, plan->to, signature);
  Change change{std::move(*plan), std::move(record)};
  quiesce(change, *quiet);
  return change;
}

void quiesce(Change& change, const Quiet& quiet) {
  auto& origin = *change.record.after.origin;
  origin.quiet = merged(origin.quiet, quiet);
  // Behind the module: where it is missing nobody is stopped in vain.
  auto& all = change.plan.steps;
  const auto steps = quiesce_steps(quiet);
  const auto place = std::find_if(all.begin(), all.end(), [](const Step& step) {
    return step.kind != StepKind::load_module;
  });
  all.insert(place, steps.begin(), steps.end());
}

bool is_kernels_own(const ModuleFacts& modules) {
  return !modules.variant_files.empty() &&
         modules.variant_files.front().starts_with("kernel/");
}

void choose_layout(Change& change, const ModuleFacts& modules,
                   const std::optional<Layout>& layout) {
  if (!layout || (*layout == Layout::split && is_kernels_own(modules))) {
    return;
  }
  for (auto& step : change.plan.steps) {
    if (step.kind == StepKind::load_module) {
      step.value += fmt::format(" layout={}", to_string(*layout));
    }
  }
}

namespace {

Result<Change> plan_way_back(const RootDir& root, const Gpu& gpu,
                             const std::optional<OriginRecord>& origin) {
  const auto before = driver_state(gpu.pci);
  JournalGpu record{gpu.pci.address, {before, false, origin}, {}};
  // A record of the driver that the GPU has now only says whose it is.
  if (origin && origin->state.driver != before.driver) {
    auto plan = plan_change(gpu.pci.address, before, origin->state,
                            presence_of(root, origin->state.driver));
    plan.notes.push_back("back to what it was on " + origin->signature.when +
                         ": " + to_string(origin->state));
    record.after.state = origin->state;
    return Change{std::move(plan), std::move(record)};
  }
  auto plan = plan_unbind(gpu);
  if (!plan) {
    return forward_error(plan);
  }
  record.after.state = state_after(*plan, before);
  record.after.kernel_chooses = plan->to != plan->from;
  return Change{std::move(*plan), std::move(record)};
}

}  // namespace

Result<Change> change_to_origin(const RootDir& root, const Gpu& gpu,
                                const Signature& signature,
                                const std::optional<UseRules>& rules) {
  const auto settled = check_settled(root, gpu);
  if (!settled) {
    return forward_error(settled);
  }
  const auto origin = valid_origin(root, gpu.pci.address, signature);
  auto change = plan_way_back(root, gpu, origin);
  if (!change) {
    return change;
  }
  if (rules && !change->plan.steps.empty()) {
    const auto free = judge_use(gpu, *rules);
    if (!free) {
      return forward_error(free);
    }
  }
  const auto steps = restore_steps(origin ? origin->quiet : Quiet{});
  auto& all = change->plan.steps;
  all.insert(all.end(), steps.begin(), steps.end());
  return change;
}

Prove attestation(const RootDir& root, VfioOpener& vfio,
                  AttestOptions options) {
  // Several GPUs are looked at at once, and told about one at a time.
  return [&root, &vfio, options = std::move(options),
          telling = std::make_shared<std::mutex>()](
             const PciAddress& address) -> Result<std::vector<CheckSection>> {
    // udev may not be through with it: somebody has just had it bound.
    const auto inventory =
        take_inventory(root, {.virtualization = true, .untagged = true});
    if (!inventory) {
      return forward_error(inventory);
    }
    const auto* gpu = find_gpu(*inventory, address);
    if (gpu == nullptr) {
      return fail(Errc::not_found, to_string(address), "is not there any more");
    }
    auto free = check_not_hung(*gpu);
    if (free) {
      free = check_not_held(root, gpu->pci);
    }
    if (!free) {
      return forward_error(free);
    }
    LiveOptions live{options, WriteTest::no};
    if (options.tell) {
      live.attest.tell = [&](std::string_view text) {
        const std::lock_guard guard(*telling);
        options.tell(to_string(address) + ": " + std::string(text));
      };
    }
    auto report = attest_gpu(root, inventory->host, *gpu, vfio, live);
    if (!report) {
      return forward_error(report);
    }
    return std::move(report->sections);
  };
}

}  // namespace nvgpuctl
