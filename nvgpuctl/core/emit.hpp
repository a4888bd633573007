// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/gpu.hpp"
#include "core/host_snapshot.hpp"

// What the tools of a fleet are told of a host, in the form each of them reads.
// docs/emit.md says where each file goes and what its reader cannot do.

namespace nvgpuctl {

struct Emission {
  std::string text;                   // the whole file
  std::vector<std::string> warnings;  // of this host and this reader
};

// Those that hand out GPUs fail with Errc::not_viable when there is none to be
// handed out: an empty list would mean something else to each of them.
Result<Emission> emit_ansible(const HostSnapshot& host,
                              std::span<const Gpu> gpus);
Result<Emission> emit_cdi(const HostSnapshot& host, std::span<const Gpu> gpus);
Result<Emission> emit_kubevirt(const HostSnapshot& host,
                               std::span<const Gpu> gpus);
Result<Emission> emit_nfd(const HostSnapshot& host, std::span<const Gpu> gpus);
Result<Emission> emit_nova(const HostSnapshot& host, std::span<const Gpu> gpus);
Result<Emission> emit_opennebula(const HostSnapshot& host,
                                 std::span<const Gpu> gpus);
Result<Emission> emit_prometheus(const HostSnapshot& host,
                                 std::span<const Gpu> gpus);

// One row per reader: feeds the verb, its help and completion.
struct EmitTarget {
  std::string_view name;
  std::string_view what;  // one line
  std::string_view file;  // where the text goes
  Result<Emission> (*build)(const HostSnapshot&, std::span<const Gpu>);
};

inline constexpr std::array kEmitTargets{
    EmitTarget{"kubevirt", "patch of KubeVirt's custom resource",
               "kubectl patch --type merge --patch-file FILE", emit_kubevirt},
    EmitTarget{"nova", "device_spec and alias of OpenStack Nova",
               "/etc/nova/nova.conf.d/nvgpuctl.conf", emit_nova},
    EmitTarget{"opennebula", "PCI filter of OpenNebula's probes",
               "/var/lib/one/remotes/etc/im/kvm-probes.d/pci.conf",
               emit_opennebula},
    EmitTarget{"ansible", "local facts of Ansible, as JSON",
               "/etc/ansible/facts.d/nvgpuctl.fact", emit_ansible},
    EmitTarget{"nfd", "features of Node Feature Discovery",
               "/etc/kubernetes/node-feature-discovery/features.d/nvgpuctl",
               emit_nfd},
    EmitTarget{"prometheus", "metrics for node_exporter's textfile collector",
               "nvgpuctl.prom in node_exporter's textfile directory",
               emit_prometheus},
    EmitTarget{"cdi", "Container Device Interface of the bound GPUs",
               "/etc/cdi/nvgpuctl.json", emit_cdi},
};

inline constexpr auto kEmitTargetNames = [] {
  std::array<std::string_view, kEmitTargets.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i] = kEmitTargets[i].name;
  }
  return names;
}();

}  // namespace nvgpuctl
