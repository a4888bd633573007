// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/gpu.hpp"

// The steps of assemble_gpus(). Each joins one kind of fact to a GPU and adds
// the findings that follow from it. In this order: _DSD may name proximity
// domains, and whose memory is online as RAM depends on ranges and nodes.

namespace nvgpuctl {

// Where it was seen is the evidence: a file, or nothing.
void add_finding(Gpu& gpu, std::string_view id, std::string detail,
                 std::string_view evidence = {});

// MIG erratum, _DSD, region plan; everything that `gpu` says of its memory.
void join_memory(const HostSnapshot& host, Gpu& gpu);

// The _DSD that firmware gives for the GPU, or nullptr. Firmware may define the
// same device in several tables: Linux takes the first, and refuses the others.
// What exists only at run time may not exist at all, so that any other wins
// over it.
const DeviceDsd* dsd_of(const HostSnapshot& host, const Gpu& gpu);

// The same, interpreted; nothing when absent, unreadable or not literal.
std::optional<CoherentMemoryDsd> literal_dsd(const HostSnapshot& host,
                                             const Gpu& gpu);

// SRAT's proximity domains of the GPU, sorted, each once.
std::vector<std::uint32_t> srat_pxms(const HostSnapshot& host, const Gpu& gpu);

// Generic-initiator nodes and distances.
void join_numa(const HostSnapshot& host, const std::vector<PciAddress>& order,
               Gpu& gpu);

// Driver, IOMMU group, kernel: what stands in the way of a bind. Needs the
// memory of all GPUs.
void join_host(const HostSnapshot& host, const std::vector<Gpu>& gpus,
               Gpu& gpu);

// Who uses it, and who else manages it.
void join_use(const HostSnapshot& host, Gpu& gpu);

// Whether two GPUs, or a GPU and RAM, share addresses. Needs all GPUs.
void find_overlaps(const HostSnapshot& host, std::vector<Gpu>& gpus);

}  // namespace nvgpuctl
