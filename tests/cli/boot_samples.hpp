// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/output_monitor.hpp"
#include "core/boot_facts.hpp"

// What `doctor --boot` and `monitor` print, built by hand.

namespace nvgpuctl::samples {

inline BootFacts boot() {
  BootFacts facts;
  facts.secure_boot = true;
  facts.lockdown = "integrity";
  facts.enabled_units = {"nvgpuctl-apply.service"};
  auto& kernel = facts.kernels.emplace_back();
  kernel.release = "7.3.4-64k";
  kernel.running = true;
  kernel.image = "/boot/vmlinuz-7.3.4-64k";
  kernel.host_drivers = {"nouveau"};
  kernel.variants = {{"updates/dkms/nvgrace-gpu-vfio-pci.ko.xz",
                      ModuleInfo{"nvgrace_gpu_vfio_pci", "1.0", "7.3.4-64k SMP",
                                 ModuleSignature{"PKCS#7", "DKMS", "5C:A1"}},
                      ""},
                     {"extra/nvgrace-gpu-vfio-pci.ko", {}, "not looked into"}};
  kernel.initramfs =
      InitramfsFacts{"/boot/initrd.img-7.3.4-64k", "", {"nvidia"}, {}};
  auto& older = facts.kernels.emplace_back();
  older.release = "6.12.1";
  older.older = true;
  older.initramfs =
      InitramfsFacts{"/boot/initrd.img-6.12.1", "packed with lz4", {}, {}};
  return facts;
}

inline cli::MonitorRecord monitor_record() {
  constexpr PciAddress kGpu{9, 1, 0, 0};
  return {
      "2026-01-31T12:00:00Z",
      {"bind", "pci", "0009:01:00.0",
       "/devices/pci0009:00/0009:00:00.0/0009:01:00.0", "nvgrace_gpu_vfio_pci"},
      {Concern::gpu, kGpu},
      {{kGpu, GpuStanding{kGpu, GpuState::ready, ""},
        GpuStanding{kGpu, GpuState::bound, "nvgrace_gpu_vfio_pci"}},
       {{9, 2, 0, 0}, std::nullopt, std::nullopt}}};
}

}  // namespace nvgpuctl::samples
