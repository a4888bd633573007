// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/reason.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace nvgpuctl {
namespace {

constexpr auto kError = Severity::error;
constexpr auto kWarning = Severity::warning;
constexpr auto kInfo = Severity::info;

// By layer: 01x firmware memory, 02x NUMA, 03x IOMMU, 04x drivers, 05x kernel
// and KVM, 06x libvirt and QEMU, 07x changes and domains, 08x the next boot,
// 09x other managers, 00x the reading itself.
constexpr std::array kReasons{
    Reason{"NVG-W001", "acpi-unreadable", kWarning,
           "the ACPI tables cannot be read",
           "run as root, on the host itself and not in a container; without "
           "them memory size and node ownership stay unknown"},
    Reason{"NVG-W002", "acpi-checksum", kWarning,
           "an ACPI table has a wrong checksum",
           "the table is used all the same, as Linux does; report it to the "
           "firmware's vendor"},
    Reason{"NVG-W003", "aml-not-followed", kWarning,
           "a part of the AML could not be followed",
           "devices in that part may be missing; send a report with the table"},
    Reason{"NVG-W004", "acpi-damaged", kWarning, "an ACPI table is damaged",
           "update the firmware; what that table says is not known"},
    Reason{"NVG-E005", "unknown-gpu", kError,
           "an unknown Grace GPU: its id is in NVIDIA's self-hosted ranges but "
           "not in the device table",
           "update nvgpuctl, or describe the id in "
           "/etc/nvgpuctl/devices.d/*.yaml; it is never bound by guess"},
    Reason{"NVG-E006", "fallen-off-the-bus", kError,
           "configuration space reads as all ones: the GPU is not there any "
           "more",
           "look at the kernel log for the link; a power cycle is usually "
           "needed"},
    Reason{
        "NVG-W007", "config-unreadable", kWarning,
        "extended configuration space cannot be read",
        "run as root where that is what it lacks; the MIG erratum is assumed "
        "from the GPU's family"},
    Reason{"NVG-W008", "attribute-unreadable", kWarning,
           "a file of the host could not be used", ""},
    Reason{"NVG-E009", "bar-unassigned", kError,
           "a BAR of the GPU has no address: no driver can enable the GPU",
           "look for \"can't assign\" in the kernel log; update the firmware, "
           "which gives the windows above the GPU"},

    Reason{"NVG-E010", "no-dsd", kError,
           "firmware describes no coherent memory for this GPU",
           "update the firmware; the driver would bind, but the guest would "
           "get a GPU without its memory"},
    Reason{"NVG-E011", "dsd-dynamic", kError,
           "the GPU's _DSD is computed at run time and cannot be read "
           "statically",
           "the driver may still work; report the table so that it can be "
           "supported"},
    Reason{"NVG-E012", "c2c-down", kError,
           "firmware gives no size or base for the GPU's memory: the "
           "chip-to-chip link did not come up",
           "power-cycle the host (a warm reboot often is not enough) and look "
           "at the firmware's boot log"},
    Reason{"NVG-E013", "size-too-small", kError,
           "the GPU's memory is too small to be split into usable and "
           "reserved parts",
           "firmware reports less than 1.5 GiB; treat it as a firmware or "
           "hardware fault"},
    Reason{"NVG-E014", "range-invalid", kError,
           "the GPU's memory range is not a valid physical range",
           "update the firmware; the driver refuses such numbers"},
    Reason{"NVG-E015", "range-overlap", kError,
           "the GPU's memory range overlaps other memory",
           "do not bind: a guest would reach memory that is not the GPU's; "
           "update the firmware"},
    Reason{"NVG-E016", "dsd-malformed", kError,
           "the GPU's _DSD is not what the ACPI specification asks for",
           "update the firmware"},
    Reason{"NVG-E017", "dsd-srat-disagree", kError,
           "_DSD and SRAT disagree about the GPU's proximity domains",
           "update the firmware; the guest's nodes cannot be derived from two "
           "different answers"},
    Reason{"NVG-E018", "gi-nodes-missing", kError,
           "the host does not show all NUMA nodes of the GPU",
           "a guest needs them for MIG and for memory onlining; see the "
           "firmware's generation and CONFIG_NODES_SHIFT"},

    Reason{"NVG-W019", "dsd-left-out", kWarning,
           "Linux passes over a part of what firmware says about the GPU",
           "what counts is used; report it to the firmware's vendor"},

    Reason{"NVG-W020", "gi-old-byte-order", kWarning,
           "SRAT names the GPU in the byte order of old hypervisors",
           "read with bus and devfn exchanged; update the firmware or the "
           "outer hypervisor"},
    Reason{"NVG-W021", "gi-heuristic", kWarning,
           "the GPU's NUMA nodes are inferred from sysfs, not read from SRAT",
           "run as root, on the host itself, to have them from SRAT; where "
           "root cannot read one there either, it is damaged: update the "
           "firmware"},
    Reason{"NVG-W022", "numa-crosscheck", kWarning,
           "what was derived about NUMA nodes disagrees with sysfs",
           "numa=fake, CXL windows or a kernel without generic initiators "
           "change the order; check the nodes before pinning memory"},
    Reason{"NVG-W023", "slit-placeholder", kWarning,
           "SLIT gives unusable distances between the GPU's own nodes",
           "normal for firmware before December 2024; substitutes are used in "
           "the domain and named there"},
    Reason{"NVG-I024", "gi-from-dsd", kInfo,
           "the GPU's proximity domains come from _DSD: SRAT has no generic "
           "initiators",
           "normal for firmware before December 2024"},

    Reason{"NVG-E030", "no-iommu-group", kError, "the GPU is in no IOMMU group",
           "enable the SMMU in the firmware, and boot a kernel with its driver "
           "(CONFIG_ARM_SMMU_V3); VFIO needs a group"},
    Reason{"NVG-E031", "group-shared", kError,
           "the GPU shares its IOMMU group with other devices",
           "all of the group would have to go to the guest; look for a missing "
           "ACS capability above the GPU"},
    Reason{"NVG-E032", "direct-mapping", kError,
           "firmware asks for a 1:1 IOMMU mapping for the GPU",
           "VFIO refuses such devices; update the firmware"},

    Reason{"NVG-E040", "nvidia-memory-online", kError,
           "the GPU's memory is online as system RAM of the host",
           "stop what uses it, offline the memory and unload nvidia, in this "
           "order; a driver change now would hang or crash the host"},
    Reason{"NVG-W041", "host-driver", kWarning,
           "a host driver is bound to the GPU",
           "bind takes it away; stop what uses the GPU on the host first"},
    Reason{"NVG-E042", "no-variant-driver", kError,
           "no installed kernel module is a VFIO variant driver for this GPU",
           "install nvgpuctl-dkms, or a kernel with "
           "CONFIG_NVGRACE_GPU_VFIO_PCI"},
    Reason{"NVG-W043", "two-variant-modules", kWarning,
           "more than one file provides the variant driver",
           "remove one, so that there is no doubt which runs: modprobe takes "
           "the first"},
    Reason{"NVG-W044", "foreign-override", kWarning,
           "driver_override names a driver that is not the variant driver",
           "somebody else manages this GPU (driverctl?); bind would replace "
           "the override"},
    Reason{"NVG-E045", "plain-vfio", kError,
           "the GPU is bound to plain vfio-pci and shows no coherent memory",
           "bind it with nvgpuctl: a guest would get a GPU without its memory"},
    Reason{"NVG-W047", "in-use", kWarning, "somebody on the host uses the GPU",
           "stop them in the order that nvgpuctl show GPU prints; bind "
           "--quiesce stops NVIDIA's own services and starts them again at "
           "unbind"},
    Reason{"NVG-I048", "used-by-guest", kInfo,
           "a running virtual machine has the GPU",
           "shut it down before the GPU's driver is changed; nothing takes it "
           "away from the machine"},

    Reason{
        "NVG-E049", "hung-in-kernel", kError,
        "the kernel has not come back from a change of the GPU's driver",
        "end whoever has the device open; once the write has come back, run: "
        "nvgpuctl recover"},
    Reason{"NVG-I046", "variant-bound", kInfo,
           "the GPU is bound to a VFIO variant driver",
           "validate proves that its regions are right"},
    Reason{"NVG-E050", "no-vfio", kError, "this kernel has no VFIO for PCI",
           "boot a kernel with CONFIG_VFIO_PCI_CORE"},
    Reason{"NVG-E051", "nodes-shift", kError,
           "this kernel has room for fewer NUMA nodes than the host needs",
           "boot a kernel with a larger CONFIG_NODES_SHIFT"},
    Reason{"NVG-W052", "kvm-device-memory", kWarning,
           "KVM of this kernel maps GPU memory as Device: a guest cannot use "
           "it as cacheable memory",
           "boot Linux 6.17 or newer "
           "(KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED)"},
    Reason{"NVG-W053", "kvm-cap-unknown", kWarning,
           "it is not known whether KVM of this kernel can map GPU memory "
           "cacheable",
           "run as root on the host itself"},
    Reason{"NVG-W054", "no-kvm", kWarning, "there is no /dev/kvm",
           "enable virtualization (EL2) in the firmware, or load kvm"},
    Reason{"NVG-W055", "no-iommufd", kWarning,
           "there is no /dev/iommu: accelerated vIOMMU is not possible",
           "boot a kernel with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV; "
           "plain passthrough works without"},
    Reason{"NVG-E056", "not-arm64", kError,
           "coherent GPU memory exists on arm64 hosts only", ""},

    Reason{"NVG-W060", "libvirt-unknown", kWarning,
           "the versions of libvirt and QEMU are not known",
           "install libvirt, or say --libvirt and --qemu"},
    Reason{"NVG-W061", "libvirt-too-old", kWarning,
           "libvirt or QEMU is too old for a guest with this GPU",
           "libvirt 9.7 and QEMU 10.0 are the oldest that work; 12.7 and 11.0 "
           "give the native profile"},

    Reason{"NVG-E070", "domain-not-allowed", kError,
           "the policy does not let the domain have the GPU",
           "add the domain to the GPU's rule in /etc/nvgpuctl/policy.yaml, or "
           "take the GPU out of the domain"},
    Reason{"NVG-E071", "claimed-by-domain", kError,
           "the GPU is reserved for another domain",
           "stop that domain; if it is not running, release the GPU with: "
           "nvgpuctl unbind GPU"},
    Reason{"NVG-E072", "gpu-held", kError, "a process has the GPU open",
           "stop that process, then start the domain again"},
    Reason{"NVG-E073", "change-failed", kError,
           "the GPU's driver could not be changed",
           "look at the kernel log; nvgpuctl bind GPU shows every step"},
    Reason{"NVG-E074", "attestation-failed", kError,
           "the bound GPU does not show what a guest needs",
           "nvgpuctl bind --no-validate GPU and then nvgpuctl validate GPU "
           "show every check"},
    Reason{"NVG-E075", "change-unfinished", kError,
           "an earlier change of drivers could not be ended",
           "mend what is named, then run: nvgpuctl recover"},
    Reason{"NVG-E076", "lock-timeout", kError,
           "another nvgpuctl is at work and does not end",
           "see what the process that is named waits for"},
    Reason{"NVG-E077", "configuration-unusable", kError,
           "a configuration file cannot be used",
           "correct it at the place that is named"},
    Reason{"NVG-E078", "domain-unreadable", kError,
           "the domain's XML cannot be read, and names an NVIDIA GPU",
           "look at the place that is named with: virsh dumpxml DOMAIN"},
    Reason{"NVG-E079", "program-incomplete", kError,
           "the part of nvgpuctl that reads domains is not there",
           "install nvgpuctl again"},

    Reason{"NVG-E080", "boot-no-variant", kError,
           "an installed kernel has no VFIO variant driver for this GPU",
           "install nvgpuctl-dkms and the headers of that kernel (dkms status "
           "says for which it is built), or boot another kernel"},
    Reason{"NVG-E081", "boot-vermagic", kError,
           "the variant driver was built for another kernel than the one it is "
           "installed for",
           "build it for that kernel: dkms autoinstall -k RELEASE"},
    Reason{"NVG-E082", "boot-unsigned", kError,
           "the kernel takes signed modules only, and the variant driver has "
           "no signature",
           "let DKMS sign it and enrol DKMS's key (mokutil --import), or use "
           "the kernel's own driver"},
    Reason{"NVG-W083", "boot-host-driver", kWarning,
           "udev loads a driver of the host for the GPU at boot",
           "name the GPU's driver in the policy, or blacklist the module; see "
           "docs/boot.md"},
    Reason{"NVG-W084", "initramfs-host-driver", kWarning,
           "a driver of the host takes the GPU from within the initramfs",
           "blacklist the module in modprobe.d and build the initramfs anew; "
           "see docs/boot.md"},
    Reason{"NVG-W085", "boot-unit-disabled", kWarning,
           "the policy names drivers, and what applies it at boot is not there",
           "systemctl enable nvgpuctl-recover.service nvgpuctl-apply.service; "
           "for the udev rule install the package again"},
    Reason{"NVG-E086", "boot-not-indexed", kError,
           "the variant driver's file is there, and modprobe does not know it",
           "depmod -a RELEASE, for the kernel that is named"},

    Reason{"NVG-W090", "driverctl", kWarning,
           "driverctl gives the GPU to another driver at each boot",
           "driverctl unset-override GPU leaves it to nvgpuctl"},
    Reason{"NVG-W091", "vfio-ids", kWarning,
           "vfio-pci takes GPUs of this kind by their id",
           "remove the id: plain vfio-pci shows no coherent memory, and takes "
           "every GPU of that id"},
    Reason{"NVG-W092", "libvirt-managed", kWarning,
           "libvirt changes the GPU's driver when a domain starts and ends",
           "managed='no' in the domain leaves the driver to nvgpuctl; xml "
           "merge writes it so"},
    Reason{"NVG-W093", "kubernetes-agent", kWarning,
           "an agent of Kubernetes gives this host's GPUs to drivers",
           "leave the GPUs to one of both: take the node out of the agent's "
           "hands, or do not use bind here"},
    Reason{"NVG-W094", "vfio-new-id", kWarning,
           "vfio-pci has been told at run time to take GPUs of this kind",
           "bind takes it away; find out who writes to new_id, since it holds "
           "for every GPU of that id"},
};

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::info:
      break;
  }
  return "info";
}

std::span<const Reason> reasons() {
  return kReasons;
}

OtherManager other_manager(const Reason& reason) {
  constexpr std::array<std::string_view, 3> kRivals{"NVG-W090", "NVG-W091",
                                                    "NVG-W093"};
  constexpr std::array<std::string_view, 2> kPassing{"NVG-W092", "NVG-W094"};
  if (std::ranges::count(kRivals, reason.id) > 0) {
    return OtherManager::rival;
  }
  return std::ranges::count(kPassing, reason.id) > 0 ? OtherManager::passing
                                                     : OtherManager::none;
}

const Reason& reason(std::string_view id) {
  const auto* const row = std::find_if(
      kReasons.begin(), kReasons.end(),
      [id](const Reason& candidate) { return candidate.id == id; });
  assert(row != kReasons.end());
  return *row;
}

Finding finding(std::string_view id, std::string subject, std::string detail,
                std::string evidence) {
  return {&reason(id), std::move(subject), std::move(detail),
          std::move(evidence)};
}

bool has_error(std::span<const Finding> findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& found) {
                       return found.reason->severity == Severity::error;
                     });
}

}  // namespace nvgpuctl
