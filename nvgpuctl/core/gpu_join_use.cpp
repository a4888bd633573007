// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "core/gpu_parts.hpp"
#include "core/gpu_use.hpp"

namespace nvgpuctl {
namespace {

OnlineBlocks blocks_of(const Census& census, const Gpu& gpu) {
  OnlineBlocks blocks;
  if (!gpu.gi_nodes) {
    return blocks;
  }
  for (const auto node : gpu.gi_nodes->nodes) {
    const auto found = census.memory.find(node);
    if (found != census.memory.end()) {
      const auto& [movable, other] = found->second;
      blocks.movable.insert(blocks.movable.end(), movable.begin(),
                            movable.end());
      blocks.other.insert(blocks.other.end(), other.begin(), other.end());
    }
  }
  std::sort(blocks.movable.begin(), blocks.movable.end());
  std::sort(blocks.other.begin(), blocks.other.end());
  return blocks;
}

// Guests come first in the list of holders.
void judge_holders(Gpu& gpu) {
  const std::span<const Holder> all(*gpu.holders);
  const auto guests = static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(),
      [](const Holder& holder) { return holder.kind == HolderKind::guest; }));
  if (guests > 0) {
    add_finding(gpu, "NVG-I048", names_of(all.first(guests)), "/proc");
  }
  if (guests < all.size()) {
    add_finding(gpu, "NVG-W047", names_of(all.subspan(guests)), "/proc");
  }
}

void judge_driverctl(const ManagerFacts& managers, Gpu& gpu) {
  const auto found = managers.driverctl.find(gpu.pci.address);
  if (found == managers.driverctl.end()) {
    return;
  }
  if (found->second != variant_driver(gpu)) {
    add_finding(
        gpu, "NVG-W090",
        fmt::format("driverctl sets it to {} at each boot", found->second),
        "/etc/driverctl.d/" + to_string(gpu.pci.address));
  }
}

void judge_ids(const ManagerFacts& managers, Gpu& gpu) {
  bool claimed = false;
  for (const auto& claim : managers.vfio_ids) {
    if (claim.fits(gpu.pci)) {
      claimed = true;
      add_finding(gpu, "NVG-W091",
                  "vfio-pci is told to take every " + claim.text, claim.place);
    }
  }
  // Nothing else makes vfio-pci take a function: it has no ids of its own.
  if (!claimed && gpu.driver_role == DriverRole::vfio_pci &&
      !gpu.pci.driver_override) {
    add_finding(
        gpu, "NVG-W094",
        "vfio-pci has it without an override: somebody wrote its id to new_id",
        "/sys/bus/pci/drivers/vfio-pci/new_id");
  }
}

void judge_managed(const ManagerFacts& managers, Gpu& gpu) {
  for (const auto& hostdev : managers.managed) {
    if (hostdev.address == gpu.pci.address) {
      add_finding(
          gpu, "NVG-W092",
          fmt::format("domain {} has it with managed='yes'", hostdev.domain),
          "/etc/libvirt/qemu/" + hostdev.domain + ".xml");
    }
  }
}

void judge_agents(const Census& census, Gpu& gpu) {
  for (const auto& process : census.processes) {
    const auto agent = agent_name(process);
    if (!agent.empty()) {
      add_finding(
          gpu, "NVG-W093",
          fmt::format("{} runs: {} (pid {}, {})", agent, process.command,
                      process.pid, to_string(process.owner)),
          fmt::format("/proc/{}", process.pid));
      return;  // its threads and helpers say no more
    }
  }
}

}  // namespace

void join_use(const HostSnapshot& host, Gpu& gpu) {
  if (host.census) {
    gpu.holders = holders_of(*host.census, gpu.pci);
    gpu.online_blocks = blocks_of(*host.census, gpu);
    judge_holders(gpu);
    judge_agents(*host.census, gpu);
  }
  if (host.managers) {
    judge_driverctl(*host.managers, gpu);
    judge_ids(*host.managers, gpu);
    judge_managed(*host.managers, gpu);
  }
}

}  // namespace nvgpuctl
