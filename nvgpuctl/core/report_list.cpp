// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/report_list.hpp"

#include <array>

namespace nvgpuctl {
namespace {

constexpr auto kCopy = ReportUse::copy;
constexpr auto kText = ReportUse::text;
constexpr auto kLines = ReportUse::lines;
constexpr auto kInitramfs = ReportUse::initramfs;
constexpr auto kPresence = ReportUse::presence;

constexpr std::array kRows{
    ReportRow{"/sys/bus/pci/devices/*/vendor", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/device", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/subsystem_vendor", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/subsystem_device", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/class", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/revision", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/modalias", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/resource", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/config", ReportUse::config},
    ReportRow{"/sys/bus/pci/devices/*/driver", kPresence},
    ReportRow{"/sys/bus/pci/devices/*/driver_override", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/numa_node", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/iommu_group", kPresence},
    ReportRow{"/sys/bus/pci/devices/*/iommu", kPresence},
    ReportRow{"/sys/bus/pci/devices/*/firmware_node/path", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/reset_method", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/power_state", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/sriov_totalvfs", kCopy},
    ReportRow{"/sys/bus/pci/devices/*/vfio-dev/*", kPresence},
    ReportRow{"/sys/bus/pci/devices/*/nvgpu/*", kCopy},
    ReportRow{"/sys/bus/pci/drivers/*", kPresence},
    ReportRow{"/sys/class/iommu/*", kPresence},
    ReportRow{"/sys/kernel/iommu_groups/*/type", kCopy},
    ReportRow{"/sys/kernel/iommu_groups/*/reserved_regions", kCopy},
    ReportRow{"/sys/kernel/iommu_groups/*/devices/*", kPresence},
    ReportRow{"/sys/kernel/mm/hugepages/*/nr_hugepages", kCopy},
    ReportRow{"/sys/kernel/mm/hugepages/*/free_hugepages", kCopy},
    ReportRow{"/sys/firmware/acpi/tables/DSDT*", kCopy},
    ReportRow{"/sys/firmware/acpi/tables/SSDT*", kCopy},
    ReportRow{"/sys/firmware/acpi/tables/SRAT*", kCopy},
    ReportRow{"/sys/firmware/acpi/tables/SLIT*", kCopy},
    ReportRow{"/sys/firmware/acpi/tables/dynamic/SSDT*", kCopy},
    ReportRow{"/sys/devices/system/node/online", kCopy},
    ReportRow{"/sys/devices/system/node/possible", kCopy},
    ReportRow{"/sys/devices/system/node/has_generic_initiator", kCopy},
    ReportRow{"/sys/devices/system/node/node*/cpulist", kCopy},
    ReportRow{"/sys/devices/system/node/node*/meminfo", kCopy},
    ReportRow{"/sys/devices/system/node/node*/distance", kCopy},
    ReportRow{"/sys/module/vfio", kPresence},
    ReportRow{"/sys/module/vfio_pci", kPresence},
    ReportRow{"/sys/module/vfio_pci_core", kPresence},
    ReportRow{"/sys/module/nvgrace_gpu_vfio_pci", kPresence},
    ReportRow{"/sys/module/nvgrace_gpu_vfio_pci/parameters/layout", kCopy},
    ReportRow{"/sys/module/nvidia", kPresence},
    ReportRow{"/sys/module/nvidia_uvm", kPresence},
    ReportRow{"/sys/module/nouveau", kPresence},
    ReportRow{"/sys/module/iommufd", kPresence},
    ReportRow{"/proc/sys/kernel/osrelease", kCopy},
    ReportRow{"/proc/sys/kernel/arch", kCopy},
    ReportRow{"/proc/sys/kernel/random/boot_id", kText},
    ReportRow{"/proc/cmdline", kText}, ReportRow{"/proc/iomem", kCopy},
    ReportRow{"/proc/config.gz", kCopy},
    ReportRow{"/boot/config-{release}", kCopy},
    ReportRow{"/lib/modules/{release}/config", kCopy},
    ReportRow{"/lib/modules/{release}/modules.alias", kCopy},
    ReportRow{"/lib/modules/{release}/modules.dep", kCopy},
    // Of all kernels, for doctor --boot.
    ReportRow{"/lib/modules/*/modules.alias", kLines},
    ReportRow{"/lib/modules/*/modules.dep", kLines},
    ReportRow{"/lib/modules/*/modules.builtin", kLines},
    ReportRow{"/lib/modules/*/config", kLines},
    ReportRow{"/lib/modules/*/vmlinuz", kPresence},
    ReportRow{"/lib/modules/*/updates/nvgrace-gpu-vfio-pci.ko*", kCopy},
    ReportRow{"/lib/modules/*/updates/dkms/nvgrace-gpu-vfio-pci.ko*", kCopy},
    ReportRow{"/lib/modules/*/extra/nvgrace-gpu-vfio-pci.ko*", kCopy},
    ReportRow{"/lib/modules/*/kernel/drivers/vfio/pci/nvgrace-gpu/*", kCopy},
    ReportRow{"/lib/modules/{release}/updates/*", kPresence},
    ReportRow{"/lib/modules/{release}/updates/dkms/*", kPresence},
    ReportRow{"/lib/modules/{release}/extra/*", kPresence},
    ReportRow{"/boot/config-*", kLines},
    ReportRow{"/boot/vmlinuz-*", kPresence},
    ReportRow{"/boot/vmlinux-*", kPresence},
    ReportRow{"/boot/Image-*", kPresence},
    ReportRow{"/boot/initrd.img-*", kInitramfs},
    ReportRow{"/boot/initramfs-*.img", kInitramfs},
    ReportRow{"/boot/initrd-*", kInitramfs},
    ReportRow{"/sys/firmware/efi/efivars/"
              "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
              kCopy},
    ReportRow{"/sys/kernel/security/lockdown", kCopy},
    ReportRow{"/proc/keys", kLines},
    ReportRow{"/sys/module/module/parameters/sig_enforce", kCopy},
    ReportRow{"/etc/systemd/system/*/nvgpuctl-*", kPresence},
    ReportRow{"/etc/systemd/system/nvgpuctl-*", kPresence},
    ReportRow{"/run/systemd/system/nvgpuctl-*", kPresence},
    ReportRow{"/etc/udev/rules.d/70-nvgpuctl.rules", kPresence},
    ReportRow{"/run/udev/rules.d/70-nvgpuctl.rules", kPresence},
    ReportRow{"/usr/local/lib/udev/rules.d/70-nvgpuctl.rules", kPresence},
    ReportRow{"/usr/lib/udev/rules.d/70-nvgpuctl.rules", kPresence},
    ReportRow{"/lib/udev/rules.d/70-nvgpuctl.rules", kPresence},
    ReportRow{"/dev/kvm", kPresence}, ReportRow{"/dev/iommu", kPresence},
    ReportRow{"/dev/vfio/vfio", kPresence},
    ReportRow{"/etc/driverctl.d/*", kText},
    ReportRow{"/etc/modprobe.d/*.conf", kText},
    ReportRow{"/run/modprobe.d/*.conf", kText},
    ReportRow{"/usr/local/lib/modprobe.d/*.conf", kText},
    ReportRow{"/usr/lib/modprobe.d/*.conf", kText},
    ReportRow{"/etc/nvgpuctl/devices.d/*.yaml", kText},
    ReportRow{"/etc/nvgpuctl/policy.yaml", kText},
    ReportRow{"/var/lib/nvgpuctl/journal", kText},
    ReportRow{"/var/lib/nvgpuctl/origin/*", kText},
    ReportRow{"/var/lib/nvgpuctl/stuck/*", kText},
    ReportRow{"/run/nvgpuctl/hung/*", kText},
    ReportRow{"/nvgpuctl-kernel.log", kText},  // of a report that is reported
};

}  // namespace

std::span<const ReportRow> report_rows() {
  return kRows;
}

}  // namespace nvgpuctl
