// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "base/text.hpp"
#include "core/domain_request.hpp"

// Domain requests as a test starts from; each test changes what it is about.

namespace nvgpuctl {

// A GH200: 128 GiB and 2 GiB of regions, and what its firmware says.
inline GuestGpu hopper_gpu(unsigned domain = 9, unsigned socket = 0) {
  return {.address = {.domain = domain, .bus = 1},
          .model = "GH200 120GB",
          .aperture_bytes = {130 * kGiB, Source::kernel},
          .largest_bar = {128 * kGiB, Source::kernel},
          .smmu = "smmu3.0x0000000005000000",
          .socket = socket,
          .distance_to_local_cpu = Fact<unsigned>{80, Source::slit},
          .distance_to_remote_cpu = Fact<unsigned>{120, Source::slit},
          .distance_within = Fact<unsigned>{11, Source::slit},
          .distance_to_peers = Fact<unsigned>{40, Source::slit}};
}

inline DomainRequest hopper_request() {
  DomainRequest request;
  request.gpus = {hopper_gpu()};
  request.cpu_cells = {{.host_node = 0}};
  request.name = "guest";
  request.memory_bytes = 64 * kGiB;
  request.libvirt = {{12, 8, 0}, Source::libvirt};
  request.qemu = {{11, 1, 0}, Source::libvirt};
  return request;
}

// Two sockets with two GPUs each behind one SMMU.
inline DomainRequest two_socket_request() {
  DomainRequest request = hopper_request();
  request.gpus = {hopper_gpu(0x08, 0), hopper_gpu(0x09, 0), hopper_gpu(0x18, 1),
                  hopper_gpu(0x19, 1)};
  request.gpus[2].smmu = "smmu3.0x0000100005000000";
  request.gpus[3].smmu = "smmu3.0x0000100005000000";
  request.cpu_cells = {{.host_node = 0}, {.host_node = 1}};
  request.distance_between_cpus = Fact<unsigned>{40, Source::slit};
  return request;
}

}  // namespace nvgpuctl
