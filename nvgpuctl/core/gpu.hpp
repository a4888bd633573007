// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/device_table.hpp"
#include "core/fact.hpp"
#include "core/holder.hpp"
#include "core/host_snapshot.hpp"
#include "core/reason.hpp"
#include "core/region_plan.hpp"

namespace nvgpuctl {

// The generic-initiator nodes of one GPU on the host.
struct GiNodes {
  std::vector<std::uint32_t> pxms;  // empty when only sysfs could be asked
  std::vector<unsigned> nodes;      // Linux node numbers, ascending
  Source source = Source::assumed;  // srat, dsd, or sysfs for the heuristic
};

struct Egm {
  std::uint64_t base = 0;
  std::uint64_t size = 0;  // bytes, of the whole socket
  std::uint64_t pxm = 0;
};

// Where a GPU stands on its way into a VM.
enum class GpuState {
  ready,     // can be bound
  unknown,   // nothing is against it, but firmware's part could not be read
  bound,     // bound to a variant driver, nothing known against it
  degraded,  // bound, but without (or with wrong) coherent memory
  blocked,   // cannot be passed through; the findings say why
  needs_operator,  // the kernel does not come back from a change of its driver
};
inline constexpr std::array kGpuStates{
    GpuState::ready,    GpuState::unknown, GpuState::bound,
    GpuState::degraded, GpuState::blocked, GpuState::needs_operator};
std::string_view to_string(GpuState state);

// Who drives the function now, in the only distinction that matters here.
enum class DriverRole { none, variant, vfio_pci, host };
std::string_view to_string(DriverRole role);

// A Grace GPU with everything that is known about it, joined and judged.
struct Gpu {
  PciFunction pci;
  DeviceModel model;
  // The installed variant driver that claims it; nothing when none does.
  std::optional<std::string> variant;
  DriverRole driver_role = DriverRole::none;
  // Firmware's description; nothing where it is absent or could not be read.
  std::optional<Fact<std::uint64_t>> memory_base;
  std::optional<Fact<std::uint64_t>> memory_size;  // bytes
  Fact<MigErratum> erratum;
  std::optional<RegionPlan> plan;  // nothing when it cannot be computed
  std::optional<GiNodes> gi_nodes;
  std::optional<Egm> egm;
  std::optional<unsigned> cpu_node;  // node of the GPU's own socket
  // Who uses it, in the order in which they are to be stopped; nothing when
  // that was not looked at.
  std::optional<std::vector<Holder>> holders;
  // Blocks of its nodes that are online as RAM of the host.
  OnlineBlocks online_blocks;
  GpuState state = GpuState::blocked;
  std::vector<Finding> findings;
};

// The driver that shows its coherent memory: the installed one that claims it,
// or the one that all of them can have.
std::string variant_driver(const Gpu& gpu);

// What is known against or about it under a reason's id; null when nothing is.
const Finding* find_finding(const Gpu& gpu, std::string_view id);

// Whether its configuration space reads as all ones, as that of a device that
// is gone does.
bool has_fallen_off(const Gpu& gpu);

// Joins PCI functions, ACPI, NUMA and drivers into GPUs and explains each.
// Pure: the same snapshot gives the same answer.
std::vector<Gpu> assemble_gpus(const HostSnapshot& host,
                               const DeviceTable& table);

}  // namespace nvgpuctl
