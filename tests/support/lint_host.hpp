// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "core/domain_lint.hpp"
#include "support/sample_host.hpp"

// The hosts that the domains in tests/data/lint are for.

namespace nvgpuctl {

struct LintHost {
  HostSnapshot host;
  std::vector<Gpu> gpus;
  std::map<PciAddress, std::string> others;
};

inline HostSnapshot bound_gh200() {
  HostSnapshot host = gh200_host();
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  host.virtualization.huge_pages = {
      {2 * kMiB, 0, 0}, {512 * kMiB, 64, 64}, {16 * kGiB, 0, 0}};
  return host;
}

// The GPU of one socket at another address, on another socket.
inline Gpu moved(const Gpu& gpu, std::uint16_t domain, std::string smmu,
                 unsigned node) {
  Gpu out = gpu;
  out.pci.address.domain = domain;
  out.pci.smmu = std::move(smmu);
  out.cpu_node = node;
  return out;
}

// "one": a GH200, bound. "two": GPUs 0009 on the first of two sockets, 0019 and
// 0029 behind one SMMU on the second. The others are "one" with one thing
// wrong.
inline LintHost lint_host(const std::string& name) {
  LintHost out{bound_gh200(), {}, {}};
  if (name == "broken") {
    out.host.gpus[0].iommu_group.reset();
    out.host.virtualization.kvm_cacheable_pfnmap = Fact{false, Source::capture};
  } else if (name == "plain-vfio") {
    out.host.gpus[0].driver = "vfio-pci";
  } else if (name == "unbound") {
    out.host.gpus[0].driver.reset();
  } else if (name == "no-iommufd") {
    out.host.virtualization.dev_iommu = false;
  } else if (name != "one" && name != "two") {
    throw std::invalid_argument("there is no host " + name);
  }
  out.gpus = assemble(out.host);
  out.others = {{PciAddress{2, 1, 0, 0}, "it is an Ethernet controller"}};
  if (name == "two") {
    out.gpus.push_back(moved(out.gpus[0], 0x19, "smmu3.0x15000000", 1));
    out.gpus.push_back(moved(out.gpus[0], 0x29, "smmu3.0x15000000", 1));
    NumaNode second = out.host.numa.nodes[0];
    second.id = 1;
    for (unsigned& cpu : second.cpus) {
      cpu += 72;
    }
    out.host.numa.nodes[1] = second;
    std::erase(*out.host.numa.generic_initiators, second.id);
  }
  return out;
}

}  // namespace nvgpuctl
