// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/doctor_section.hpp"
#include "core/numa_crosscheck.hpp"
#include "core/reason.hpp"

namespace nvgpuctl {
namespace {

// Oldest versions with which a guest gets its GPU: libvirt 9.7 is the first to
// take a variant driver, QEMU 10.0 the first with a window for its memory.
constexpr Version kOldestLibvirt{9, 7, 0};
constexpr Version kOldestQemu{10, 0, 0};

DoctorSection section_of(std::string name, const std::vector<Gpu>& gpus) {
  // Nothing can fail that nobody needs.
  return {std::move(name), gpus.empty() ? Stakes::none : Stakes::full};
}

bool set(const KernelFacts& kernel, const std::string& option) {
  const auto found = kernel.config.find(option);
  return found != kernel.config.end() && found->second != "n";
}

CheckSection check_kernel(const HostSnapshot& host,
                          const std::vector<Gpu>& gpus) {
  DoctorSection section = section_of("kernel", gpus);
  const auto& kernel = host.kernel;
  const std::string machine =
      kernel.machine.value.empty() ? "unknown" : kernel.machine.value;
  if (machine == "aarch64") {
    section.pass("kernel-machine", "architecture", "aarch64", machine);
  } else if (machine == "unknown") {
    section.skip("kernel-machine", "architecture", "not known");
  } else {
    section.miss("kernel-machine", "architecture", "aarch64", machine,
                 "NVG-E056");
  }
  if (kernel.config_file.empty()) {
    section.skip("kernel-vfio", "VFIO for PCI",
                 "no kernel configuration found for " + kernel.release);
    section.skip("kernel-nodes", "room for NUMA nodes",
                 "no kernel configuration found for " + kernel.release);
    return section.take();
  }
  if (set(kernel, "CONFIG_VFIO_PCI_CORE") || set(kernel, "CONFIG_VFIO_PCI")) {
    section.pass("kernel-vfio", "VFIO for PCI", "CONFIG_VFIO_PCI_CORE", "set");
  } else {
    section.miss("kernel-vfio", "VFIO for PCI", "CONFIG_VFIO_PCI_CORE",
                 "not set", "NVG-E050");
  }
  const auto bits = nodes_shift(kernel);
  if (is_without_numa(kernel)) {
    section.miss("kernel-nodes", "room for NUMA nodes", "CONFIG_NUMA",
                 "not set", "NVG-E051");
    return section.take();
  }
  if (!bits) {
    section.skip("kernel-nodes", "room for NUMA nodes",
                 "CONFIG_NODES_SHIFT is not known");
    return section.take();
  }
  const std::size_t needed = host.acpi.srat
                                 ? replay_pxm_to_node(*host.acpi.srat).size()
                                 : host.numa.online.size();
  const std::uint64_t room = 1ULL << *bits;
  const std::string expected =
      fmt::format("at least {} node{}", needed, needed == 1 ? "" : "s");
  const std::string seen =
      fmt::format("{} (CONFIG_NODES_SHIFT={})", room, *bits);
  if (room >= needed) {
    section.pass("kernel-nodes", "room for NUMA nodes", expected, seen);
  } else {
    section.miss("kernel-nodes", "room for NUMA nodes", expected, seen,
                 "NVG-E051");
  }
  return section.take();
}

CheckSection check_iommu(const std::vector<Gpu>& gpus) {
  DoctorSection section = section_of("iommu", gpus);
  if (gpus.empty()) {
    section.skip("iommu-group", "IOMMU groups", "no Grace GPU");
  }
  for (const auto& gpu : gpus) {
    const std::string title = "IOMMU group of " + to_string(gpu.pci.address);
    const auto bad = std::find_if(gpu.findings.begin(), gpu.findings.end(),
                                  [](const Finding& found) {
                                    return found.reason->id == "NVG-E030" ||
                                           found.reason->id == "NVG-E031" ||
                                           found.reason->id == "NVG-E032";
                                  });
    if (bad != gpu.findings.end()) {
      section.miss("iommu-group", title, "a group of its own", bad->detail,
                   bad->reason->id);
    } else if (!gpu.pci.iommu_group) {
      section.skip("iommu-group", title,
                   "this kernel gives it one when a driver is bound");
    } else {
      section.pass("iommu-group", title, "a group of its own",
                   fmt::format("group {}", *gpu.pci.iommu_group));
    }
  }
  return section.take();
}

CheckSection check_kvm(const HostSnapshot& host, const std::vector<Gpu>& gpus) {
  DoctorSection section = section_of("kvm", gpus);
  const auto& facts = host.virtualization;
  if (facts.dev_kvm) {
    section.pass("kvm-device", "KVM", "/dev/kvm", "present");
  } else {
    section.fail("kvm-device", "KVM", "/dev/kvm", "absent", "NVG-W054");
  }
  const auto& cacheable = facts.kvm_cacheable_pfnmap;
  const std::string title = "GPU memory cacheable in guests";
  const std::string expected = "KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED = 1";
  if (!cacheable) {
    section.miss("kvm-cacheable", title, expected, "not known", "NVG-W053");
  } else if (cacheable->value) {
    section.pass("kvm-cacheable", title, expected, "1");
  } else {
    section.miss("kvm-cacheable", title, expected, "0", "NVG-W052");
  }
  if (facts.dev_iommu) {
    section.pass("iommufd", "IOMMUFD", "/dev/iommu", "present");
  } else {
    section.miss("iommufd", "IOMMUFD", "/dev/iommu", "absent", "NVG-W055");
  }
  return section.take();
}

CheckSection check_modules(const HostSnapshot& host,
                           const std::vector<Gpu>& gpus) {
  DoctorSection section = section_of("modules", gpus);
  const auto& modules = host.modules;
  std::string files;
  for (const auto& file : modules.variant_files) {
    files += (files.empty() ? "" : ", ") + file;
  }
  const bool loaded = modules.is_loaded(kVariantDriver);
  const std::string title = "variant driver installed";
  const std::string expected = "one file for nvgrace_gpu_vfio_pci";
  if (modules.variant_files.size() > 1) {
    section.miss("module-variant", title, expected, files, "NVG-W043");
  } else if (!files.empty()) {
    section.pass("module-variant", title, expected, files);
  } else if (loaded) {
    section.pass("module-variant", title, expected, "built into the kernel");
  } else {
    section.miss("module-variant", title, expected,
                 "none for kernel " + host.kernel.release, "NVG-E042");
  }
  for (const auto& gpu : gpus) {
    const std::string alias_title =
        "libvirt would choose for " + to_string(gpu.pci.address);
    if (gpu.variant) {
      section.pass("module-alias", alias_title, "a vfio_pci: alias",
                   *gpu.variant);
    } else {
      section.miss("module-alias", alias_title, "a vfio_pci: alias", "vfio-pci",
                   "NVG-E042");
    }
  }
  return section.take();
}

CheckSection check_libvirt(const HostSnapshot& host,
                           const std::vector<Gpu>& gpus) {
  DoctorSection section = section_of("libvirt", gpus);
  const auto& facts = host.virtualization;
  const auto judge = [&](std::string_view id, std::string_view title,
                         const std::optional<Fact<Version>>& version,
                         const Version& oldest) {
    const std::string expected = to_string(oldest) + " or newer";
    if (!version) {
      const std::string why =
          facts.libvirt_problem.empty() ? "not known" : facts.libvirt_problem;
      section.miss(id, title, expected, why, "NVG-W060");
    } else if (version->value < oldest) {
      section.fail(id, title, expected, to_string(version->value), "NVG-W061");
    } else {
      section.pass(id, title, expected,
                   fmt::format("{} ({})", to_string(version->value),
                               to_string(version->source)));
    }
  };
  judge("libvirt-version", "libvirt", facts.libvirt, kOldestLibvirt);
  judge("qemu-version", "QEMU", facts.qemu, kOldestQemu);
  return section.take();
}

CheckSection check_gpus(const std::vector<Gpu>& gpus) {
  DoctorSection section = section_of("gpus", gpus);
  if (gpus.empty()) {
    section.skip("gpu-state", "GPUs", "no Grace GPU on this host");
  }
  for (const auto& gpu : gpus) {
    const std::string title =
        fmt::format("{} {}", to_string(gpu.pci.address), gpu.model.name);
    const std::string state(to_string(gpu.state));
    const auto worst = std::find_if(
        gpu.findings.begin(), gpu.findings.end(), [](const Finding& found) {
          return found.reason->severity == Severity::error;
        });
    if (worst == gpu.findings.end() && gpu.state == GpuState::unknown) {
      section.skip("gpu-state", title,
                   "unknown: what firmware says of it could not be read");
    } else if (worst == gpu.findings.end()) {
      section.pass("gpu-state", title, "ready or bound", state);
    } else {
      section.miss("gpu-state", title, "ready or bound",
                   fmt::format("{}: {} {}", state, worst->reason->id,
                               worst->reason->name),
                   worst->reason->id);
    }
  }
  return section.take();
}

// Who else would change the GPUs' drivers.
CheckSection check_managers(const HostSnapshot& host,
                            const std::vector<Gpu>& gpus) {
  DoctorSection section = section_of("managers", gpus);
  if (!host.managers) {
    section.skip("other-manager", "GPUs",
                 gpus.empty() ? "no Grace GPU on this host" : "not looked at");
    return section.take();
  }
  for (const auto& gpu : gpus) {
    const std::string title = to_string(gpu.pci.address);
    bool alone = true;
    for (const auto& found : gpu.findings) {
      const auto& why = *found.reason;
      if (other_manager(why) != OtherManager::none) {
        alone = false;
        section.miss("other-manager", title, "managed by nvgpuctl alone",
                     found.detail, why.id);
      }
    }
    if (alone) {
      section.pass("other-manager", title, "managed by nvgpuctl alone",
                   "no other manager");
    }
  }
  return section.take();
}

}  // namespace

std::vector<CheckSection> check_host(const HostSnapshot& host,
                                     const std::vector<Gpu>& gpus) {
  return {check_kernel(host, gpus),  check_iommu(gpus),
          check_kvm(host, gpus),     check_modules(host, gpus),
          check_libvirt(host, gpus), check_managers(host, gpus),
          check_gpus(gpus)};
}

}  // namespace nvgpuctl
