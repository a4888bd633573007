// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/stack_notes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <set>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

using Gpus = std::span<const Gpu* const>;

// 512 GiB for each GPU and 1 GiB, as a power of two (converter/grace.go).
std::uint64_t kubevirt_window(std::size_t gpus) {
  return std::bit_ceil(gpus * 512 * kGiB + kGiB);
}

bool share_an_smmu(Gpus gpus) {
  std::set<std::string> seen;
  return std::any_of(gpus.begin(), gpus.end(), [&](const Gpu* gpu) {
    return gpu->pci.smmu && !seen.insert(*gpu->pci.smmu).second;
  });
}

std::map<std::uint16_t, std::vector<std::string>> unknown_to_kubevirt(
    Gpus gpus) {
  std::map<std::uint16_t, std::vector<std::string>> unknown;
  for (const Gpu* gpu : gpus) {
    if (!known_to_kubevirt(gpu->pci.device)) {
      unknown[gpu->pci.device].push_back(to_string(gpu->pci.address));
    }
  }
  return unknown;
}

std::vector<std::string> kubevirt_notes(Gpus gpus, std::uint64_t window) {
  std::vector<std::string> notes{
      "KubeVirt writes the domain anew at each start and takes nothing of this "
      "one: compare the two, and change what differs in a sidecar with the "
      "hook onDefineDomain. What KubeVirt has to be told: nvgpuctl emit "
      "kubevirt",
      "with the gates GraceIOVirtualization, PCINUMAAwareTopology and IOMMUFD "
      "it builds for each GPU eight empty cells and their nodeset, an expander "
      "bus with a root port, an accelerated SMMU, IOMMUFD and managed='no'; "
      "and distances, window and ACPI. It wants arm64, machine virt and "
      "dedicated CPUs",
      "libvirt and QEMU are those in the image of virt-launcher, not this "
      "host's: say so with --libvirt and --qemu. It needs libvirt 12.2 for "
      "IOMMUFD",
      "not built: <driver model=>, so that libvirt chooses the driver by the "
      "modules.alias that virt-launcher sees; <rom bar='off'/>; and ssidsize, "
      "which it spells ssidSize, so that libvirt drops it"};
  for (const auto& [id, addresses] : unknown_to_kubevirt(gpus)) {
    notes.push_back(fmt::format(
        "10de:{:04x} is not known to it: {} without cells, bus, SMMU and "
        "window",
        id, fmt::join(addresses, ", ")));
  }
  std::vector<const Gpu*> known;
  std::copy_if(
      gpus.begin(), gpus.end(), std::back_inserter(known),
      [](const Gpu* gpu) { return known_to_kubevirt(gpu->pci.device); });
  if (!known.empty() && kubevirt_window(known.size()) < window) {
    notes.push_back(fmt::format(
        "its window is {}, for 512 GiB a GPU; all GPUs need {}",
        human_size(kubevirt_window(known.size())), human_size(window)));
  }
  if (share_an_smmu(known)) {
    notes.emplace_back(
        "it gives each GPU an SMMU of its own; GPUs that share a physical one "
        "share one here, as they have to");
  }
  return notes;
}

// What QEMU's virt machine has when nobody says more.
constexpr std::uint64_t kDefaultWindow = 512 * kGiB;

std::vector<std::string> nova_notes(Gpus gpus, std::uint64_t window) {
  std::vector<std::string> notes{
      "Nova writes the domain anew at each hard reboot and takes nothing of "
      "this one; virsh edit lasts until then, and a hook cannot change a "
      "domain that starts. What Nova has to be told: nvgpuctl emit nova",
      fmt::format(
          "of an alias it builds one <hostdev> a GPU, here {}, with managed as "
          "device_spec says since 2025.1; of the flavor's hw:numa_nodes cells "
          "with CPUs and memory; of hw_firmware_type=uefi and "
          "hw_machine_type=virt the image's ACPI and UEFI",
          gpus.size()),
      "not built: empty cells and <acpi nodeset=>, so that the guest's driver "
      "has no NUMA nodes for the GPU's memory; their distances; an expander "
      "bus on the GPU's socket; an SMMU; IOMMUFD; <driver model=>, so that "
      "libvirt chooses"};
  if (window > kDefaultWindow) {
    notes.push_back(
        fmt::format("not built: <pcihole64>. The window stays QEMU's {}, and "
                    "these GPUs are to have {}: a BAR that does not fit is "
                    "left without an address",
                    human_size(kDefaultWindow), human_size(window)));
  }
  return notes;
}

}  // namespace

std::string_view to_string(Stack stack) {
  return kStackNames.at(static_cast<std::size_t>(stack));
}

bool known_to_kubevirt(std::uint16_t device_id) {
  // pkg/util/hardware/grace.go
  constexpr std::array<std::uint16_t, 3> kIds{0x2342, 0x2348, 0x2941};
  return std::find(kIds.begin(), kIds.end(), device_id) != kIds.end();
}

std::vector<std::string> stack_notes(Stack stack, Gpus gpus,
                                     std::uint64_t window) {
  return stack == Stack::kubevirt ? kubevirt_notes(gpus, window)
                                  : nova_notes(gpus, window);
}

}  // namespace nvgpuctl
