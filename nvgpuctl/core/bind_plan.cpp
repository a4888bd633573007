// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/bind_plan.hpp"

#include <fmt/format.h>

namespace nvgpuctl {
namespace {

// Whether a driver_override is one that a bind to VFIO has left. driverctl and
// others use the attribute for drivers of their own, and that is not ours to
// undo.
bool is_vfio_override(const Gpu& gpu) {
  const auto& wanted = gpu.pci.driver_override;
  const bool bound_by_it =
      gpu.driver_role == DriverRole::variant && wanted == gpu.pci.driver;
  return wanted == "vfio-pci" || wanted == kVariantDriver ||
         wanted == variant_driver(gpu) || bound_by_it;
}

Result<> check_viable(const Gpu& gpu, OnlineMemory memory) {
  std::optional<Error> error;
  for (const auto& found : gpu.findings) {
    const auto& id = found.reason->id;
    const bool cured =
        id == "NVG-E045" ||  // by the bind itself
        (id == "NVG-E040" && memory == OnlineMemory::goes_offline);
    const bool blocks = found.reason->severity == Severity::error && !cured;
    if (!blocks) {
      continue;
    }
    if (error) {
      error->problem +=
          fmt::format("; and {} {}", found.reason->id, found.reason->name);
      continue;
    }
    error =
        Error{Errc::not_viable, to_string(gpu.pci.address),
              fmt::format("{} {}: {}: {}", found.reason->id, found.reason->name,
                          found.reason->summary, found.detail),
              std::string(found.reason->remedy)};
  }
  if (error) {
    return tl::unexpected<Error>(std::move(*error));
  }
  return {};
}

// The override comes first, so that no other driver can take the GPU in the
// moment when it has none.
void move_driver(const Gpu& gpu, BindPlan& plan) {
  const std::string address = to_string(gpu.pci.address);
  if (gpu.pci.driver) {
    plan.steps.push_back({StepKind::write_attribute,
                          sysfs_path(gpu.pci.address, "driver/unbind"), address,
                          "take the GPU away from " + *gpu.pci.driver});
  }
  plan.steps.push_back(probe_step(gpu.pci.address));
}

}  // namespace

Step probe_step(const PciAddress& gpu) {
  return {StepKind::write_attribute, "/sys/bus/pci/drivers_probe",
          to_string(gpu), "let the kernel look for a driver"};
}

Result<> check_not_hung(const Gpu& gpu) {
  if (!gpu.pci.hung) {
    return {};
  }
  if (!gpu.pci.hung->overdue) {
    return fail(Errc::busy, to_string(gpu.pci.address),
                "its driver is being changed: " + to_string(*gpu.pci.hung),
                "wait for that, then try again");
  }
  const auto& why = reason("NVG-E049");
  return fail(Errc::needs_operator, to_string(gpu.pci.address),
              fmt::format("{} {}: {}: {}", why.id, why.name, why.summary,
                          to_string(*gpu.pci.hung)),
              std::string(why.remedy));
}

Result<BindPlan> plan_bind(const HostSnapshot& host, const Gpu& gpu,
                           OnlineMemory memory) {
  auto known = check_not_hung(gpu);
  if (!known) {
    return forward_error(known);
  }
  BindPlan plan;
  plan.gpu = gpu.pci.address;
  plan.from = gpu.pci.driver.value_or("");
  if (gpu.driver_role == DriverRole::variant) {
    plan.to = plan.from;
    plan.notes.push_back("already bound to " + plan.from);
    return plan;
  }
  auto viable = check_viable(gpu, memory);
  if (!viable) {
    return forward_error(viable);
  }
  // Without an alias it can only be built in or loaded from elsewhere; then
  // assemble_gpus() has made sure that it is there.
  plan.to = variant_driver(gpu);
  if (!host.modules.is_loaded(plan.to)) {
    plan.steps.push_back({StepKind::load_module, "", plan.to,
                          "the variant driver is not loaded yet"});
  }
  if (gpu.pci.driver_override != plan.to) {
    plan.steps.push_back({StepKind::write_attribute,
                          sysfs_path(gpu.pci.address, "driver_override"),
                          plan.to, "only this driver may take the GPU"});
  }
  move_driver(gpu, plan);
  plan.steps.push_back({StepKind::expect_driver,
                        sysfs_path(gpu.pci.address, "driver"), plan.to,
                        "read back who drives the GPU"});
  if (gpu.driver_role == DriverRole::host && !gpu.holders) {
    plan.notes.emplace_back("stop what uses the GPU on the host first");
  }
  return plan;
}

Result<BindPlan> plan_unbind(const Gpu& gpu) {
  auto known = check_not_hung(gpu);
  if (!known) {
    return forward_error(known);
  }
  BindPlan plan;
  plan.gpu = gpu.pci.address;
  plan.from = gpu.pci.driver.value_or("");
  const auto& wanted = gpu.pci.driver_override;
  const bool bound = gpu.driver_role == DriverRole::variant ||
                     gpu.driver_role == DriverRole::vfio_pci;
  if (wanted && is_vfio_override(gpu)) {
    // A lone newline clears it: Documentation/ABI/testing/sysfs-bus-pci.
    plan.steps.push_back({StepKind::write_attribute,
                          sysfs_path(gpu.pci.address, "driver_override"), "\n",
                          "any driver may take the GPU again"});
  } else if (wanted) {
    plan.notes.push_back("driver_override is left at " + *wanted +
                         ", which somebody else has set");
  }
  if (bound) {
    move_driver(gpu, plan);
    plan.steps.push_back({StepKind::expect_released,
                          sysfs_path(gpu.pci.address, "driver"), plan.from,
                          "read back who drives the GPU"});
    plan.notes.emplace_back("the kernel chooses the driver afterwards");
    return plan;
  }
  plan.to = plan.from;
  if (plan.steps.empty()) {
    plan.notes.emplace_back("not bound to a VFIO driver");
  }
  return plan;
}

}  // namespace nvgpuctl
